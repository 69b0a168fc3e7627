namespace Margay.Interop.Agent;

/// <summary>A host that protects itself, and tenants on it.</summary>
public sealed class NetworkHostEndpointTests
{
    /// <summary>Nothing but the server, BGP (a failsafe port) and neighbour discovery is let in or out by the uplink.</summary>
    [Fact]
    public async Task Tunnels_NeedNoRuleOfAHostEndpoint()
    {
        await using NetworkLab lab = await NetworkLab.StartAsync();
        Tenant red1 = await lab.AttachAsync("n1", "r1", "red");
        await lab.Cluster.PutAsync("POST", "globalnetworkpolicies", """{"metadata":{"name":"hosts"},"spec":{"order":1,"selector":"has(uplink)","types":["Ingress","Egress"],"egress":[{"action":"Allow","protocol":"TCP","destination":{"ports":[7443]}},{"action":"Deny"}],"ingress":[{"action":"Deny"}]}}""");
        foreach (string host in (string[])["n1", "n2"])
            await lab.Cluster.PutAsync("POST", "hostendpoints", $$$"""{"metadata":{"name":"{{{host}}}-up0","labels":{"uplink":"yes"}},"spec":{"node":"{{{host}}}","interfaceName":"up0","expectedIPs":["192.0.2.{{{host[1]}}}"]}}""");
        await Eventually.Async(() => Task.FromResult(!Reaches(lab, "n1", "192.0.2.2") && !Reaches(lab, "n2", "192.0.2.1")), NetworkLab.Patience);
        // No tunnel was there before the host endpoints were.
        Tenant red2 = await lab.AttachAsync("n2", "r2", "red");
        foreach (string address in red2.Addresses) await lab.CanPingAsync(red1, address);
        foreach (string address in red1.Addresses) Assert.True(lab.Ping(red2, address), address);
        Assert.False(Reaches(lab, "n1", "192.0.2.2"));
    }

    private static bool Reaches(NetworkLab lab, string host, string address) => NetworkLab.TryRun("ip", "netns", "exec", lab.Cluster.NameOf(host), "busybox", "ping", "-c", "1", "-W", "1", address);
}
