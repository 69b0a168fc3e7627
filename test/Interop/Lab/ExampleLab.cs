using Margay.Lab.Checks;
using Margay.Lab.State;
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

    internal async Task AssertMatrixAsync(Topology topology, TimeSpan patience)
    {
        CheckReport report = await Lab.Centre.CheckAsync(topology, patience, TestContext.Current.CancellationToken);
        Assert.True(report.Passed, Matrix.Render(report));
    }

    /// <summary>Nothing opens and nothing closes while the agent of a host is dead (SIGKILL), nor when there is a new one.</summary>
    internal async Task AssertAgentIsNotNeededAsync(string host, TimeSpan patience)
    {
        LabProcess agent = Lab.Process(host, "margay-agent");
        await LabFixture.KillAsync(agent);
        try
        {
            await AssertMatrixAsync(Lab.Topology, patience);
        }
        finally
        {
            Lab.Centre.Restart(agent);
        }
        await AssertMatrixAsync(Lab.Topology, patience);
    }

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return Lab.DisposeAsync();
    }
}
