namespace Margay.Interop.Lab;

/// <summary>The demo's lab, up once for all tests of <see cref="DemoTests"/>: each leaves it as it found it.</summary>
public sealed class DemoFixture : IAsyncLifetime
{
    internal LabFixture Lab { get; } = new("demo");

    public async ValueTask InitializeAsync()
    {
        try
        {
            await Lab.UpAsync();
        }
        catch
        {
            await Lab.DisposeAsync();
            throw;
        }
    }

    public ValueTask DisposeAsync() => Lab.DisposeAsync();
}
