using System.Globalization;
using Margay.Netlink.Namespaces;

namespace Margay.Interop.Agent;

/// <summary>Tenants with the same addresses on the same hosts: each reaches its own, never another's; what a network had goes with it; a restarted agent disturbs nobody.</summary>
public sealed class NetworkTests
{
    [Fact]
    public async Task Tenants_WithTheSameAddresses_ReachTheirOwn_AndNobodyElse()
    {
        await using NetworkLab lab = await NetworkLab.StartAsync();
        List<Tenant> workloads = [];
        foreach (string tenant in (string[])["red", "green", "blue"])
            foreach (string host in (string[])["n1", "n1", "n2"])
                workloads.Add(await lab.AttachAsync(host, $"{tenant}{workloads.Count}", tenant));
        Assert.Equal(workloads.Where(w => w.Network == "red").SelectMany(w => w.Addresses), workloads.Where(w => w.Network == "green").SelectMany(w => w.Addresses));
        foreach (string host in (string[])["n1", "n2"]) Assert.Equal(["blue.net", "green.net", "red.net"], lab.NetworksOn(host));
        foreach (Tenant from in workloads)
            foreach (Tenant to in workloads.Where(w => w.Network == from.Network))
                foreach (string address in to.Addresses) await lab.CanPingAsync(from, address);

        foreach (string route in lab.Cluster.Query("n1", "network-routes", "red/net").Query!.Rows!.Select(r => $"{r[0]} {r[1]} {r[2]} {r[4]}"))
            Assert.Contains(route, workloads.Where(w => w is { Host: "n2", Network: "red" }).SelectMany(w => (string[])[$"red.net {w.V4}/32 192.0.2.2 yes", $"red.net {w.V6}/128 192.0.2.2 yes"]));
        foreach (IReadOnlyList<string> row in lab.Cluster.Query("n1", "networks").Query!.Rows!) Assert.Equal(("2", "1", "2", "programmed"), (row[2], row[3], row[4], row[5]));
        string metrics = lab.Cluster.Query("n1", "metrics").Query!.Text!;
        foreach (string network in (string[])["blue", "green", "red"])
            foreach (string series in (string[])[$"margay_network_workloads{{network=\"{network}.net\"}} 2\n", $"margay_network_routes{{network=\"{network}.net\"}} 2\n", $"margay_network_tunnel_ends{{network=\"{network}.net\"}} 1\n"])
                Assert.Contains(series, metrics, StringComparison.Ordinal);
        // Nodes report that workloads are up some time after the fact.
        await Eventually.Async(() => Task.FromResult(lab.Margay("n1", "network", "lint").Contains("no problems", StringComparison.Ordinal)), NetworkLab.Patience);
        await Eventually.Async(() => Task.FromResult(lab.Margay("n1", "network", "list").Split("programmed on 2/2 nodes").Length == 4), NetworkLab.Patience);

        List<Greeter> greeters = [];
        List<string> wrong = [];
        try
        {
            foreach (Tenant workload in workloads)
            {
                using NetworkNamespace inside = lab.Inside(workload);
                greeters.Add(new Greeter(inside, workload.Name));
            }
            string[] addresses = [.. workloads.SelectMany(w => w.Addresses).Distinct()];
            await Task.WhenAll(workloads.Select(async from =>
            {
                using NetworkNamespace inside = lab.Inside(from);
                foreach (string address in addresses)
                {
                    string? expected = workloads.SingleOrDefault(w => w.Network == from.Network && w.Addresses.Contains(address))?.Name;
                    string? answered = await Greeter.AskAsync(inside, address);
                    if (answered == expected) continue;
                    lock (wrong) wrong.Add($"{from.Name} asked {address}: {answered ?? "nobody"} answered, not {expected ?? "nobody"}");
                }
            }));
        }
        finally
        {
            foreach (Greeter greeter in greeters) await greeter.DisposeAsync();
        }
        Assert.Empty(wrong);
    }

    [Fact]
    public async Task LastWorkloadGone_NothingOfTheNetworkIsLeft_OnThatHostAndThenAnywhere()
    {
        await using NetworkLab lab = await NetworkLab.StartAsync();
        Tenant red1 = await lab.AttachAsync("n1", "r1", "red"), red2 = await lab.AttachAsync("n2", "r2", "red");
        string before1 = lab.StateOf("n1"), before2 = lab.StateOf("n2");
        Tenant green1 = await lab.AttachAsync("n1", "g1", "green"), green2 = await lab.AttachAsync("n2", "g2", "green");
        foreach (string address in green2.Addresses) await lab.CanPingAsync(green1, address);

        // Green leaves the second host: its address there answers red alone.
        await lab.DetachAsync(green2);
        await Eventually.Async(() => Task.FromResult(lab.NetworksOn("n2") is ["red.net"]), NetworkLab.Patience);
        foreach (string address in green2.Addresses)
        {
            await Eventually.Async(() => Task.FromResult(!lab.Ping(green1, address)), NetworkLab.Patience);
            await lab.CanPingAsync(red1, address);
        }
        await lab.DetachAsync(green1);
        await Eventually.Async(() => Task.FromResult(lab.NetworksOn("n1") is ["red.net"]), NetworkLab.Patience);
        await lab.Cluster.SendAsync("DELETE", $"{NetworkLab.Networks}/green/virtualnetworks/net");
        await IsAsBeforeAsync(lab, "n1", before1);
        await IsAsBeforeAsync(lab, "n2", before2);
        foreach (string address in red2.Addresses) await lab.CanPingAsync(red1, address);
    }

    [Fact]
    public async Task KilledAgents_LoseNoPacket_AndFindTheKernelAsItWas()
    {
        await using NetworkLab lab = await NetworkLab.StartAsync();
        Tenant red1 = await lab.AttachAsync("n1", "r1", "red"), red2 = await lab.AttachAsync("n2", "r2", "red");
        Tenant green1 = await lab.AttachAsync("n1", "g1", "green"), green2 = await lab.AttachAsync("n2", "g2", "green");
        foreach ((Tenant from, Tenant to) in ((Tenant, Tenant)[])[(red1, red2), (green1, green2)])
            foreach (string address in to.Addresses) await lab.CanPingAsync(from, address);
        string before1 = lab.StateOf("n1"), before2 = lab.StateOf("n2");

        using NetworkNamespace r1 = lab.Inside(red1), r2 = lab.Inside(red2), g1 = lab.Inside(green1), g2 = lab.Inside(green2);
        await using NumberedStream there = new(r1, red1.V4, r2, red2.V4), back = new(r2, red2.V6, r1, red1.V6), green = new(g2, green2.V4, g1, green1.V4);
        foreach (string killed in (string[])["n1", "n2", "n1", "n9"])
        {
            lab.KillAgent(killed);
            await Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System, TestContext.Current.CancellationToken);
            await lab.RestartAgentAsync(killed);
            await Eventually.Async(() => Task.FromResult(lab.Cluster.Established("n9").Count == 2), NetworkLab.Patience);
            // What a restart finds of networks is kept some seconds: what was not learnt again goes then.
            await Task.Delay(TimeSpan.FromSeconds(8), TimeProvider.System, TestContext.Current.CancellationToken);
        }
        List<string> lost = [];
        foreach ((string name, NumberedStream stream) in ((string, NumberedStream)[])[("red v4 n1-n2", there), ("red v6 n2-n1", back), ("green v4 n2-n1", green)])
        {
            (int sent, int missing) = await stream.StopAsync();
            TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}: {sent} datagrams, {missing} lost {stream.Lost()}"));
            Assert.True(sent > 10_000, $"only {sent} were sent");
            if (missing > 0) lost.Add($"{name}: {missing} of {sent} lost, at {stream.Lost()}");
        }
        Assert.Empty(lost);
        await IsAsBeforeAsync(lab, "n1", before1);
        await IsAsBeforeAsync(lab, "n2", before2);
    }

    private static async Task IsAsBeforeAsync(NetworkLab lab, string host, string before)
    {
        if (!await Eventually.WithinAsync(() => Task.FromResult(lab.StateOf(host) == before), TimeSpan.FromSeconds(20))) Assert.Equal(before, lab.StateOf(host));
    }
}
