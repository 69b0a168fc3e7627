using System.Globalization;
using Margay.Interop.Netlink;
using Margay.Netlink.Namespaces;
using Margay.Netlink.Route;

namespace Margay.Interop.Agent;

/// <summary>Two hosts tell of the same prefix (a way out); a third has a group of both. The way to one of them is lost: the group goes on without it, before any route is withdrawn.</summary>
public sealed class HostDeathTests
{
    private const string World = "198.51.100.1";

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
}
