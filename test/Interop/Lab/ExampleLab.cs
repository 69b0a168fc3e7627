namespace Margay.Interop.Lab;

/// <summary>The lab of an example, up once for all tests of a class.</summary>
public abstract class ExampleLab(string example) : IAsyncLifetime
{
    internal LabFixture Lab { get; } = new(example);

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

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return Lab.DisposeAsync();
    }
}
