namespace Margay.Store.Tests;

internal sealed class TemporaryDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("margay-store-").FullName;
    public string Database => System.IO.Path.Combine(Path, "margay.db");
    public void Dispose() => Directory.Delete(Path, recursive: true);
}
