using Margay.Interop.Netlink;
using Margay.Netlink.Namespaces;

namespace Margay.Interop.Agent;

/// <summary>Networks that reach each other: with consent of both and no longer, across hosts, and no further than the two.</summary>
public sealed class NetworkLeakTests
{
    private const int Port = 8092;

    private static async Task<bool> ReachesAsync(NetworkLab lab, Tenant from, Tenant to, string address)
    {
        using NetworkNamespace inside = lab.Inside(from), there = lab.Inside(to);
        await using Mirror mirror = new(there, Port);
        return await Mirror.AskAsync(inside, address, Port) is not null;
    }

    private static Task BecomesAsync(bool expected, NetworkLab lab, Tenant from, Tenant to) =>
        Eventually.Async(async () => await ReachesAsync(lab, from, to, to.V4) == expected && await ReachesAsync(lab, from, to, to.V6) == expected, NetworkLab.Patience);

    [Fact]
    public async Task BothConsent_TheyReachEachOther_AcrossHosts_UntilOneDoesNot()
    {
        await using NetworkLab lab = await NetworkLab.StartAsync();
        Tenant red1 = await lab.AttachAsync("n1", "r1", "red"), blue1 = await lab.AttachAsync("n1", "b1", "blue"), blue2 = await lab.AttachAsync("n2", "b2", "blue");
        foreach (string address in blue2.Addresses) await lab.CanPingAsync(blue1, address);
        string before1 = lab.StateOf("n1"), before2 = lab.StateOf("n2");
        await lab.PatchNetworkAsync("red", """{"imports":[{"network":"blue/net"}]}""");
        Assert.False(await ReachesAsync(lab, red1, blue1, blue1.V4));
        await lab.PatchNetworkAsync("blue", """{"exports":[{"network":"red/net"}]}""");
        // There is no workload of red on the second host: its namespace is made for blue's answers.
        await BecomesAsync(true, lab, red1, blue1);
        await BecomesAsync(true, lab, red1, blue2);
        await BecomesAsync(true, lab, blue2, red1);
        Assert.Equal(["blue.net", "red.net"], lab.NetworksOn("n2"));

        using (NetworkNamespace from = lab.Inside(red1), to = lab.Inside(blue2))
        {
            await using NumberedStream there = new(from, red1.V4, to, blue2.V4), back = new(to, blue2.V6, from, red1.V6);
            foreach (string host in (string[])["n1", "n2"])
            {
                lab.KillAgent(host);
                await lab.RestartAgentAsync(host);
            }
            foreach (NumberedStream stream in (NumberedStream[])[there, back])
            {
                await stream.GoOnAsync();
                (int sent, int lost) = await stream.StopAsync();
                Assert.True(sent > 2000 && lost == 0, $"{lost} of {sent} lost: {stream.Lost()}");
            }
        }
        await lab.PatchNetworkAsync("blue", """{"exports":null}""");
        await BecomesAsync(false, lab, red1, blue1);
        await BecomesAsync(false, lab, red1, blue2);
        await Eventually.Async(() => Task.FromResult(lab.NetworksOn("n2") is ["blue.net"]), NetworkLab.Patience);
        foreach ((string host, string before) in ((string, string)[])[("n1", before1), ("n2", before2)])
        {
            await Eventually.WithinAsync(() => Task.FromResult(lab.StateOf(host) == before), NetworkLab.Patience);
            Assert.Equal(before, lab.StateOf(host));
        }
    }

    [Fact]
    public async Task ASharedNetwork_IsReachedBySeveral_WhoDoNotMeetInIt()
    {
        await using NetworkLab lab = await NetworkLab.StartAsync();
        await lab.AddNetworkAsync("shared", "10.9.0.0/24", "fd09::/112");
        await lab.PatchNetworkAsync("shared", """{"exports":[{"network":"*"}],"egress":{"mode":"Snat"}}""");
        Tenant red1 = await lab.AttachAsync("n1", "r1", "red"), blue1 = await lab.AttachAsync("n1", "b1", "blue"), green1 = await lab.AttachAsync("n1", "g1", "green"), shared2 = await lab.AttachAsync("n2", "s2", "shared");
        foreach (string tenant in (string[])["red", "blue"]) await lab.PatchNetworkAsync(tenant, """{"imports":[{"network":"shared/net"}]}""");
        await BecomesAsync(true, lab, red1, shared2);
        await BecomesAsync(true, lab, blue1, shared2);
        await BecomesAsync(true, lab, shared2, blue1);
        Assert.False(await ReachesAsync(lab, red1, blue1, blue1.V4));
        // Even with a route that leads there: what the shared network would forward, it does not take in.
        string shared = lab.SpaceOf("n1", "shared.net");
        string red = lab.SpaceOf("n1", "red.net"), way = Tool.Run("ip", "-n", red, "-o", "link", "show").Split('\n').Select(l => l.Split(' ')).First(l => l.Length > 1 && l[1].StartsWith("to", StringComparison.Ordinal))[1].Split('@')[0];
        Tool.Run("ip", "-n", red, "-4", "route", "add", $"{blue1.V4}/32", "via", "inet6", "fe80::6d6c:6567", "dev", way);
        Assert.False(await ReachesAsync(lab, red1, blue1, blue1.V4));
        Assert.Contains("not between the two", Tool.Run("ip", "netns", "exec", shared, "nft", "list", "chain", "inet", "margay", "leaks"), StringComparison.Ordinal);
        // Nor does it let them out: its own only.
        Tool.Run("ip", "-n", red, "-4", "route", "add", "192.0.2.254/32", "via", "inet6", "fe80::6d6c:6567", "dev", way);
        Assert.False(lab.Ping(red1, "192.0.2.254"));
        await lab.CanPingAsync(shared2, "192.0.2.254");

        // Green has red's addresses: the shared network could not tell them apart.
        await lab.PatchNetworkAsync("green", """{"imports":[{"network":"shared/net"}]}""");
        string show = lab.Margay("n1", "network", "show", "green/net");
        Assert.Contains("10.0.0.0/24 of green/net overlaps 10.0.0.0/24 of red/net, which shared/net reaches already", show, StringComparison.Ordinal);
        Assert.Contains("ImportRefused", lab.Margay("n1", "network", "lint"), StringComparison.Ordinal);
        Assert.False(await ReachesAsync(lab, green1, shared2, shared2.V4));
        Assert.True(await ReachesAsync(lab, red1, shared2, shared2.V4));
    }
}
