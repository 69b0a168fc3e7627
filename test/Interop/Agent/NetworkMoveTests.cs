using Margay.Api.Attach;
using Margay.Api.Client;
using Margay.Netlink.Namespaces;

namespace Margay.Interop.Agent;

/// <summary>Workloads that take their addresses along from host to host.</summary>
public sealed class NetworkMoveTests
{
    private static readonly string[] s_addresses = ["10.0.0.70", "fd00::105"];

    [Fact]
    public async Task AnAddressOfAReservedRange_GoesAlongToWhateverHost_OncePerNetwork()
    {
        await using NetworkLab lab = await NetworkLab.StartAsync();
        foreach (string tenant in (string[])["red", "green"])
            await lab.PatchNetworkAsync(tenant, """{"subnets":[{"cidr":"10.0.0.0/24","blockSize":28,"reserved":["10.0.0.64/26"]},{"cidr":"fd00::/112","blockSize":124,"reserved":["fd00::100/120"]}]}""");
        Tenant red1 = await lab.AttachAsync("n1", "r1", "red"), red2 = await lab.AttachAsync("n2", "r2", "red");

        Attach(lab, "n1", "red");
        foreach (string address in s_addresses) await lab.CanPingAsync(red2, address);
        Assert.Contains("is in use by WorkloadEndpoint red/", Refused(lab, "n2", "red"), StringComparison.Ordinal);

        Detach(lab, "n1", "red");
        Attach(lab, "n2", "red");
        foreach (string address in s_addresses) await lab.CanPingAsync(red1, address);
        // The other tenant's is another address.
        Attach(lab, "n1", "green");
        Assert.All(s_addresses, address => Assert.True(lab.Ping(red1, address)));
        Assert.Contains(lab.Cluster.Query("n1", "network-routes", "red/net").Query!.Rows!, r => r[1] == "10.0.0.70/32" && r[2] == "192.0.2.2");

        Detach(lab, "n2", "red");
        Attach(lab, "n1", "red");
        foreach (string address in s_addresses) await lab.CanPingAsync(red2, address);
        Detach(lab, "n1", "red");
        Detach(lab, "n1", "green");
    }

    [Fact]
    public async Task OtherAddresses_StayWithTheHostThatHasTheirBlock()
    {
        await using NetworkLab lab = await NetworkLab.StartAsync();
        Tenant red1 = await lab.AttachAsync("n1", "r1", "red");
        await lab.AttachAsync("n2", "r2", "red");
        string refused = Refused(lab, "n2", "red", red1.V4);
        Assert.Contains("is not reserved", refused, StringComparison.Ordinal);
        Assert.Contains("spec.subnets[].reserved of network red.net", refused, StringComparison.Ordinal);
        Assert.Contains("is in no subnet of network red.net", Refused(lab, "n2", "red", "10.99.0.1"), StringComparison.Ordinal);
    }

    private static void Attach(NetworkLab lab, string host, string tenant)
    {
        AgentReply reply = Ask(lab, host, tenant, s_addresses);
        Assert.True(reply.Attach is not null, $"{host}: {reply.Error?.Message}\n{lab.Cluster.Log(host)}");
    }

    private static string Refused(NetworkLab lab, string host, string tenant, params string[] addresses)
    {
        AgentReply reply = Ask(lab, host, tenant, addresses.Length == 0 ? s_addresses : addresses);
        Detach(lab, host, tenant);
        Assert.Null(reply.Attach);
        return reply.Error!.Message;
    }

    private static AgentReply Ask(NetworkLab lab, string host, string tenant, string[] addresses)
    {
        NetworkNamespace.Create(SpaceOf(lab, host, tenant)).Value.Dispose();
        return new AgentClient(lab.Cluster.SocketOf(host), NetworkLab.Patience).Ask(new AgentRequest
        {
            Attach = new AttachRequest
            {
                ContainerId = $"{tenant}-mover-{host}", Interface = "eth0", NetworkNamespace = $"{NetworkNamespace.Directory}/{SpaceOf(lab, host, tenant)}", Namespace = tenant, Network = "net", Addresses = addresses,
            },
        });
    }

    private static void Detach(NetworkLab lab, string host, string tenant)
    {
        AgentReply reply = new AgentClient(lab.Cluster.SocketOf(host), NetworkLab.Patience).Ask(new AgentRequest { Detach = new DetachRequest { ContainerId = $"{tenant}-mover-{host}", Interface = "eth0" } });
        NetworkNamespace.Delete(SpaceOf(lab, host, tenant));
        Assert.Null(reply.Error);
    }

    private static string SpaceOf(NetworkLab lab, string host, string tenant) => $"{lab.Cluster.NameOf(host)}-w-{tenant}-mover";
}
