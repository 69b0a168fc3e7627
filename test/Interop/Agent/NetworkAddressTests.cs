using Margay.Netlink.Namespaces;

namespace Margay.Interop.Agent;

/// <summary>A network whose addresses are those of the hosts that it is on: inside of it they mean its workloads, outside the hosts.</summary>
public sealed class NetworkAddressTests
{
    [Fact]
    public async Task WorkloadsWithTheHostsOwnAddresses_StayAmongThemselves()
    {
        await using NetworkLab lab = await NetworkLab.StartAsync();
        await lab.AddNetworkAsync("mirror", "192.0.2.0/24", "fd09::/112");
        Tenant[] workloads = [await lab.AttachAsync("n1", "m1", "mirror"), await lab.AttachAsync("n2", "m2", "mirror"), await lab.AttachAsync("n1", "m3", "mirror")];
        // One of a host's uplink, one of its loopback.
        lab.Cluster.Ip("n1", $"address add {workloads[0].V4}/24 dev up0");
        lab.Cluster.Ip("n2", $"address add {workloads[1].V4}/24 dev up0");
        lab.Cluster.Ip("n1", $"address add {workloads[2].V4}/32 dev lo");
        foreach (Tenant workload in workloads) lab.Cluster.Ip(workload.Host, $"-6 address add {workload.V6}/128 dev lo");
        NetworkNamespace hub = lab.Cluster.Namespace("hub"), host1 = lab.Cluster.Namespace("n1"), host2 = lab.Cluster.Namespace("n2");
        using NetworkNamespace in1 = lab.Inside(workloads[0]), in2 = lab.Inside(workloads[1]), in3 = lab.Inside(workloads[2]);
        await using Greeter g1 = new(in1, "m1"), g2 = new(in2, "m2"), g3 = new(in3, "m3"), h1 = new(host1, "n1"), h2 = new(host2, "n2");
        lab.Cluster.Ip("hub", "address add 198.51.100.1/32 dev lo");
        await EachMeansItsOwnAsync();
        // With a way out, too: it is not the hosts that the network reaches by it at its own addresses.
        await lab.PatchNetworkAsync("mirror", """{"egress":{"mode":"Snat"}}""");
        await lab.CanPingAsync(workloads[0], "198.51.100.1");
        await EachMeansItsOwnAsync();
        await lab.DetachAsync(workloads[2]);
        await Eventually.Async(async () => await Greeter.AskAsync(in2, workloads[2].V4) is null, NetworkLab.Patience);
        Assert.Null(await Greeter.AskAsync(in1, workloads[2].V4));
        Assert.Equal(2, lab.Cluster.Established("n9").Count);

        async Task EachMeansItsOwnAsync()
        {
            foreach (Tenant workload in workloads)
            {
                foreach (NetworkNamespace space in (NetworkNamespace[])[in1, in2, in3])
                    foreach (string address in workload.Addresses) await Eventually.Async(async () => await Greeter.AskAsync(space, address) == workload.Name, NetworkLab.Patience);
                Assert.Equal(workload.Host, await Greeter.AskAsync(workload.Host == "n1" ? host1 : host2, workload.V4));
                if (workload != workloads[2]) Assert.Equal(workload.Host, await Greeter.AskAsync(hub, workload.V4));
            }
        }
    }

    /// <summary>What hosts and networks use between themselves nobody's workload can have.</summary>
    [Theory]
    [InlineData("169.254.64.0/24")]
    [InlineData("169.254.1.0/24")]
    [InlineData("169.254.169.254/32")]
    [InlineData("127.0.0.0/24")]
    [InlineData("224.0.0.0/24")]
    [InlineData("0.0.0.0/8")]
    [InlineData("fe80::/112")]
    [InlineData("fd6d:6172:6761:7900::/112")]
    [InlineData("::1/128")]
    [InlineData("ff02::/112")]
    public async Task AddressesThatAreNobodys_AreRefused(string subnet)
    {
        await using Cluster cluster = new();
        await cluster.StartServerAsync();
        await cluster.SendAsync("POST", "/api/v1/namespaces", """{"metadata":{"name":"red"}}""");
        int status = await cluster.TrySendAsync("POST", $"{NetworkLab.Networks}/red/virtualnetworks", $$$"""{"metadata":{"name":"net"},"spec":{"subnets":[{"cidr":"{{{subnet}}}"}]}}""");
        Assert.InRange(status, 400, 499);
    }
}
