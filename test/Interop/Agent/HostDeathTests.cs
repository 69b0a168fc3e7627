using System.Globalization;
using Margay.Interop.Netlink;
using Margay.Netlink.Namespaces;
using Margay.Netlink.Route;

namespace Margay.Interop.Agent;

/// <summary>Two hosts tell of the same prefix (a way out); a third has a group of both. One of them dies: the group goes on without it, before any route is withdrawn, and then the routes follow.</summary>
public sealed class HostDeathTests
{
    private const string World = "198.51.100.1";
    private const int Port = 8090;

    private static async Task<NetworkLab> StartAsync()
    {
        NetworkLab lab = await NetworkLab.StartAsync();
        lab.Cluster.Ip("hub", $"address add {World}/32 dev lo");
        await lab.PatchNetworkAsync("red", """{"egress":{"mode":"Snat","nodeSelector":"rack in {'r1','r2'}"}}""");
        return lab;
    }

    /// <summary>How many members the network's groups have on the third host; default routes of both families have one.</summary>
    private static string Members(RouteSocket inside) =>
        string.Join(' ', inside.ListNexthops().Value.Where(n => n.Group.Count > 0).Select(n => n.Group.Count.ToString(CultureInfo.InvariantCulture)));

    private static async Task<double> UntilAsync(Func<bool> condition)
    {
        long begun = TimeProvider.System.GetTimestamp();
        await Eventually.WithinAsync(() => Task.FromResult(condition()), NetworkLab.Patience);
        Assert.True(condition());
        return TimeProvider.System.GetElapsedTime(begun).TotalMilliseconds;
    }

    [Fact]
    public async Task ATunnelEndThatTheUnderlayHasNoWayTo_LeavesTheGroup_AndComesBack_WhileItsRoutesStay()
    {
        await using NetworkLab lab = await StartAsync();
        Tenant red9 = await lab.AttachAsync("n9", "r9", "red");
        using NetworkNamespace space = NetworkNamespace.OpenNamed(lab.SpaceOf("n9", "red.net"));
        using RouteSocket inside = RouteSocket.OpenIn(space);
        await UntilAsync(() => Members(inside) == "2");
        string routes = Tool.Run("ip", "-n", lab.SpaceOf("n9", "red.net"), "route", "show", "default");
        // The session with the host outlives this: nothing is withdrawn meanwhile.
        lab.Cluster.Ip("n9", "route add unreachable 192.0.2.1/32");
        double left = await UntilAsync(() => Members(inside) == "1");
        lab.Cluster.Ip("n9", "route del unreachable 192.0.2.1/32");
        double back = await UntilAsync(() => Members(inside) == "2");
        Assert.Equal(routes, Tool.Run("ip", "-n", lab.SpaceOf("n9", "red.net"), "route", "show", "default"));
        TestContext.Current.TestOutputHelper?.WriteLine($"out of the groups after {left:F0} ms, back after {back:F0} ms");
    }

    [Fact]
    public async Task TheDeathOfAHost_InterruptsAStreamThroughIt_ForMoments_AndLeavesWhatAFreshAgentWouldMake()
    {
        await using NetworkLab lab = await StartAsync();
        await lab.Cluster.PutAsync("PATCH", "bgppeers/rr", """{"spec":{"bfd":{}}}""");
        await using Mirror world = new(lab.Cluster.Namespace("hub"), Port);
        Tenant red9 = await lab.AttachAsync("n9", "r9", "red");
        using NetworkNamespace from = lab.Inside(red9), space = NetworkNamespace.OpenNamed(lab.SpaceOf("n9", "red.net"));
        using RouteSocket inside = RouteSocket.OpenIn(space);
        await UntilAsync(() => Members(inside) == "2");
        string? seen = null;
        await Eventually.Async(async () => (seen = await Mirror.AskAsync(from, World, Port)) is not null, NetworkLab.Patience);
        // Flows between two addresses go one way.
        string dead = seen == "192.0.2.1" ? "n1" : "n2";
        await using NumberedStream stream = new(from, red9.V4, lab.Cluster.Namespace("hub"), World);
        await stream.GoOnAsync();
        lab.Cluster.Ip(dead, "link set up0 down");
        double moved = await UntilAsync(() => !Members(inside).Contains('2', StringComparison.Ordinal));
        await stream.GoOnAsync();
        (int sent, int lost) = await stream.StopAsync();
        TestContext.Current.TestOutputHelper?.WriteLine($"{lost} of {sent} lost; out of the groups {moved:F0} ms after the link went down, with the detection by BFD");

        // The routes have followed: over the host that is left alone, and no group.
        await UntilAsync(() => Members(inside).Length == 0);
        string after = lab.StateOf("n9");
        lab.KillAgent("n9");
        await lab.RestartAgentAsync("n9");
        await UntilAsync(() => lab.StateOf("n9") == after);
    }
}
