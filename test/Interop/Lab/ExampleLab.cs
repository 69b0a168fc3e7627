using Margay.Lab.Topologies;

namespace Margay.Interop.Lab;

/// <summary>The lab of an example, up once for all tests of a class.</summary>
/// <param name="change">What is other than in the example.</param>
public abstract class ExampleLab(string example, Func<Topology, Topology>? change = null) : IAsyncLifetime
{
    internal LabFixture Lab { get; } = new(example);

    public async ValueTask InitializeAsync()
    {
        if (change is not null) Lab.Topology = change(Lab.Topology);
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
