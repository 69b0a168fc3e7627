using Margay.Lab;
using Margay.Lab.Processes;
using Margay.Lab.State;
using Margay.Netlink.Namespaces;

namespace Margay.Interop.Lab;

/// <summary>The life of a lab of FRR and BIRD switches: up, half up, twice, down.</summary>
public class FabricTests
{
    [Fact]
    public async Task UpAndDown_LeavesNothing()
    {
        await using LabFixture lab = new("fabric");
        await lab.UpAsync();
        Assert.Equal(LabPhase.Up, lab.State.Phase);
        Assert.Equal(["namespaces and links", "switches", "underlay"], lab.Steps);
        Assert.All(lab.State.Processes, p => Assert.True(p.Identity.IsAlive));
        ProcessIdentity[] processes = [.. lab.State.Processes.Select(p => p.Identity)];

        // vtysh and birdc find their daemon at the usual place, and agree about the other rack.
        Assert.Contains("10.2.0.0/24", await lab.RunAsync("tor1", "vtysh", "-c", "show bgp ipv4 unicast"), StringComparison.Ordinal);
        Assert.Contains("fd00:10:1::/64", await lab.RunAsync("tor2", "birdc", "show", "route"), StringComparison.Ordinal);
        Assert.Contains("proto bgp", await lab.RunAsync("tor1", "ip", "route", "show", "10.2.0.0/24"), StringComparison.Ordinal);
        Assert.Equal("host1", (await lab.RunAsync("host1", "hostname")).Trim());

        (int ended, int namespaces) = await lab.Centre.DownAsync();
        Assert.Equal((processes.Length, 5), (ended, namespaces));
        Assert.Empty(lab.Remains());
        Assert.All(processes, p => Assert.False(p.IsAlive));
        Assert.Null(lab.Centre.State);
    }

    [Fact]
    public async Task SecondUp_IsRefusedAndTheFirstStays()
    {
        await using LabFixture lab = new("fabric");
        await lab.UpAsync();
        LabException e = await Assert.ThrowsAsync<LabException>(() =>
            lab.Centre.UpAsync(lab.Topology, lab.File, LabFixture.Programs, _ => { }, TestContext.Current.CancellationToken));
        Assert.Contains("is up since", e.Message, StringComparison.Ordinal);
        Assert.Equal($"margay lab down {lab.Topology.Name}", e.Remedy);
        Assert.All(lab.State.Processes, p => Assert.True(p.Identity.IsAlive));
    }

    [Fact]
    public async Task TwoLabs_StandBesideEachOther()
    {
        await using LabFixture one = new("fabric"), two = new("fabric");
        await one.UpAsync();
        await two.UpAsync();
        await one.Centre.DownAsync();
        Assert.All(two.State.Processes, p => Assert.True(p.Identity.IsAlive));
        Assert.Contains("10.2.0.0/24", await two.RunAsync("tor1", "ip", "route"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task TakenNamespace_StopsTheBringUp_AndDownRemovesAllOfIt()
    {
        await using LabFixture lab = new("fabric");
        // In the middle: the switches' namespaces are made before it.
        string taken = lab.Centre.Paths.NamespaceOf("host1");
        NetworkNamespace.Create(taken).Value.Dispose();
        LabException e = await Assert.ThrowsAsync<LabException>(() =>
            lab.Centre.UpAsync(lab.Topology, lab.File, LabFixture.Programs, _ => { }, TestContext.Current.CancellationToken));
        Assert.Contains(taken, e.Message, StringComparison.Ordinal);
        Assert.Equal(LabPhase.Starting, lab.State.Phase);

        LabException again = await Assert.ThrowsAsync<LabException>(() =>
            lab.Centre.UpAsync(lab.Topology, lab.File, LabFixture.Programs, _ => { }, TestContext.Current.CancellationToken));
        Assert.Contains("half up", again.Message, StringComparison.Ordinal);

        await lab.Centre.DownAsync();
        Assert.Empty(lab.Remains());
    }

    [Fact]
    public async Task DownWithoutState_FindsProcessesByTheirNamespaces()
    {
        await using LabFixture lab = new("fabric");
        await lab.UpAsync();
        ProcessIdentity[] processes = [.. lab.State.Processes.Select(p => p.Identity)];
        await File.WriteAllTextAsync(lab.Centre.Paths.StateFile, "{ cut short", TestContext.Current.CancellationToken);
        (int ended, int namespaces) = await lab.Centre.DownAsync();
        Assert.Equal((processes.Length, 5), (ended, namespaces));
        Assert.All(processes, p => Assert.False(p.IsAlive));
        Assert.Empty(lab.Remains());
    }

    [Fact]
    public async Task KilledSwitch_IsRestartedAndConvergesAgain()
    {
        await using LabFixture lab = new("fabric");
        await lab.UpAsync();
        LabProcess bird = lab.Process("tor2", "bird");
        Assert.Contains("is running", Assert.Throws<LabException>(() => lab.Centre.Restart(bird)).Message, StringComparison.Ordinal);
        await LabFixture.KillAsync(bird);
        LabProcess started = lab.Centre.Restart(bird);
        Assert.NotEqual(bird.Identity, started.Identity);
        Assert.Equal(started.Pid, lab.Process("tor2", "bird").Pid);
        // Its socket is not there at once: what birdc says of that is not looked at.
        await Eventually.Async(async () =>
            (await lab.Centre.RunAsync("tor2", ["birdc", "show", "route"], TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken)).Output.Contains("10.1.0.0/24", StringComparison.Ordinal),
            TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task DaemonThatCannotStart_IsNamedWithItsLastWords()
    {
        await using LabFixture lab = new("fabric");
        // A number that the reader of topologies would have refused.
        lab.Topology = lab.Topology with { Switches = [.. lab.Topology.Switches.Select(s => s.Name == "tor2" ? s with { As = 0 } : s)] };
        LabException e = await Assert.ThrowsAsync<LabException>(() =>
            lab.Centre.UpAsync(lab.Topology, lab.File, LabFixture.Programs, _ => { }, TestContext.Current.CancellationToken));
        Assert.Contains("bird on tor2 has ended; its last words:", e.Message, StringComparison.Ordinal);
        Assert.Equal(lab.Centre.Paths.Log("tor2", "bird"), e.Log);
    }

    [Fact]
    public async Task UnknownNode_IsAnErrorThatNamesThoseThere()
    {
        await using LabFixture lab = new("fabric");
        await lab.UpAsync();
        LabException e = await Assert.ThrowsAsync<LabException>(() => lab.Centre.RunAsync("host9", ["true"], TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken));
        Assert.Contains("has no 'host9'", e.Message, StringComparison.Ordinal);
        Assert.Contains("host1", e.Remedy, StringComparison.Ordinal);
    }
}
