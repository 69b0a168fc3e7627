using System.Globalization;
using Margay.Api.Attach;
using Margay.Api.Client;
using Margay.Netlink.Namespaces;
using Margay.Netlink.Route;

namespace Margay.Interop.Agent;

/// <summary>Many networks leave a host at once, and nothing of them is left, whatever happens meanwhile.</summary>
public sealed class NetworkRemovalTests
{
    private const int Tenants = 12;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AllNetworks_LeaveTogether_AndNothingStays(bool killed)
    {
        await using NetworkLab lab = await NetworkLab.StartAsync();
        Tenant red1 = await lab.AttachAsync("n1", "r1", "red"), red2 = await lab.AttachAsync("n2", "r2", "red");
        await lab.AttachTenantsAsync("n1", Tenants);
        await lab.CanPingAsync(red1, red2.V4);
        AgentClient agent = new(lab.Cluster.SocketOf("n1"), NetworkLab.Patience);
        for (int i = 0; i < Tenants; i++)
            Assert.Null(agent.Ask(new AgentRequest { Detach = new DetachRequest { ContainerId = string.Create(CultureInfo.InvariantCulture, $"t{i}"), Interface = "eth0" } }).Error);
        if (killed)
        {
            lab.KillAgent("n1");
            await lab.RestartAgentAsync("n1");
        }
        await Eventually.Async(() => Task.FromResult(lab.NetworksOn("n1").SequenceEqual(["red.net"])), NetworkLab.Patience);
        for (int i = 0; i < Tenants; i++) await Eventually.Async(() => Task.FromResult(!HasLink(lab, i)), NetworkLab.Patience);
        // The one that stays goes on, and one that was here comes again under its name and VNI.
        await lab.CanPingAsync(red1, red2.V4);
        uint before = await lab.VniAsync("n2", "red.net");
        await lab.DetachAsync(red2);
        Tenant again = await lab.AttachAsync("n2", "r3", "red");
        Assert.Equal(before, await lab.VniAsync("n2", "red.net"));
        await lab.CanPingAsync(red1, again.V4);
    }

    private static bool HasLink(NetworkLab lab, int tenant)
    {
        using NetworkNamespace space = NetworkNamespace.OpenNamed(string.Create(CultureInfo.InvariantCulture, $"{lab.Cluster.NameOf("n1")}-w-t{tenant}"));
        using RouteSocket inside = RouteSocket.OpenIn(space);
        return inside.TryGetLink("eth0", out _);
    }
}
