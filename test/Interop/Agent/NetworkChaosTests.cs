using System.Globalization;
using Margay.Interop.Netlink;

namespace Margay.Interop.Agent;

/// <summary>
/// Networks, workloads and ways out come and go while server, reflector and agents are killed and links of the underlay fail, at random moments. Nothing ever crosses from a tenant to
/// another; and afterwards the kernel of each host holds what a fresh agent makes on a fresh host for the same workloads, neither less nor more.
/// </summary>
public sealed class NetworkChaosTests
{
    private const int Rounds = 10;

    // Three with equal addresses, one beside them.
    private static readonly ChurnedNetwork[] s_networks =
    [
        new("t1", 7001, "10.0.0.0/24", "fd00::/112"), new("t2", 7002, "10.0.0.0/24", "fd00::/112"), new("t3", 7003, "10.0.0.0/24", "fd00::/112"), new("t4", 7004, "10.4.0.0/24", "fd04::/112"),
    ];

    [Fact]
    public async Task AfterChaos_TheKernelHoldsWhatAFreshHostWould_AndNobodyMetAnother()
    {
        int seed = int.TryParse(Environment.GetEnvironmentVariable("MARGAY_CHAOS_SEED"), CultureInfo.InvariantCulture, out int given) ? given : Guid.NewGuid().GetHashCode();
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture, $"MARGAY_CHAOS_SEED={seed}"));
        Random random = new(seed);
        await using NetworkLab lab = await NetworkLab.StartAsync();
        foreach (ChurnedNetwork network in s_networks) await lab.Cluster.SendAsync("POST", "/api/v1/namespaces", $$$"""{"metadata":{"name":"{{{network.Tenant}}}"}}""");
        string[] bare = [.. Hosts.Select(h => HostState.Of(lab.Cluster.NameOf(h)))];
        string[] files = FilesOf(lab);

        await using CrossTalk talk = new();
        NetworkChurn churn = new(lab, talk, s_networks);
        IReadOnlyList<NetworkChurn.Slot> slots = churn.MakeSlots();
        foreach (ChurnedNetwork network in s_networks) await churn.AddAsync(network, egress: false);
        foreach (NetworkChurn.Slot slot in slots) await churn.AttachAsync(slot, insist: true);

        using (CancellationTokenSource stop = new())
        {
            Task users = Task.WhenAll(s_networks.Select(n => churn.RunAsync(n, [.. slots.Where(s => s.Network == n)], new Random(random.Next()), stop.Token)));
            for (int round = 0; round < Rounds; round++) await DisturbAsync(lab, random);
            await stop.CancelAsync();
            await users;
        }
        Assert.Empty(churn.Failures);
        await AreReadyAsync(lab);
        Assert.Empty(talk.Crossed);
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{churn.Attached.Count} workloads are left; {talk.Heard} datagrams were heard by their own network"));
        await EveryoneReachesHisOwnAsync(lab, churn);

        // What is there now, and what a fresh host makes of the same.
        IReadOnlyList<(NetworkChurn.Slot Slot, IReadOnlyList<string> Addresses)> intent = churn.Attached;
        Dictionary<string, string> after = await SettledAsync(lab);
        int[] descriptors = Descriptors(lab);
        foreach ((NetworkChurn.Slot slot, _) in intent) await churn.DetachAsync(slot);
        foreach (ChurnedNetwork network in s_networks) await churn.RemoveAsync(network);
        Assert.Empty(churn.Failures);
        for (int i = 0; i < Hosts.Length; i++) await IsAsync(bare[i], () => HostState.Of(lab.Cluster.NameOf(Hosts[i])));
        Assert.All(Hosts, h => Assert.Empty(lab.NetworksOn(h)));
        Assert.Equal(files, FilesOf(lab));

        foreach (string host in Hosts) Erase(lab, host);
        foreach (string host in Hosts) lab.StartAgent(host);
        await AreReadyAsync(lab);
        foreach (ChurnedNetwork network in s_networks) await churn.AddAsync(network, churn.LetsOut(network));
        foreach ((NetworkChurn.Slot slot, IReadOnlyList<string> addresses) in intent) await churn.AttachAsync(slot, addresses, insist: true);
        await EveryoneReachesHisOwnAsync(lab, churn);
        Dictionary<string, string> fresh = await SettledAsync(lab);
        Assert.Equal(fresh.Keys.Order(StringComparer.Ordinal), after.Keys.Order(StringComparer.Ordinal));
        foreach ((string space, string state) in fresh) Assert.Equal(state, after[space]);
        int[] freshDescriptors = Descriptors(lab);
        TestContext.Current.TestOutputHelper?.WriteLine($"descriptors of agents after chaos {string.Join(' ', descriptors)}, fresh {string.Join(' ', freshDescriptors)}");
        for (int i = 0; i < Hosts.Length; i++) Assert.InRange(descriptors[i], 1, freshDescriptors[i] + 4);
        Assert.Empty(talk.Crossed);
    }

    private static readonly string[] Hosts = ["n1", "n2"];

    /// <summary>One thing dies or fails, or two at once, and comes back some time after.</summary>
    private static async Task DisturbAsync(NetworkLab lab, Random random)
    {
        string[] all = ["server", "n9", "n1", "n2", "p1", "p2"];
        string[] hit = [.. Enumerable.Range(0, 1 + random.Next(2)).Select(_ => all[random.Next(all.Length)]).Distinct()];
        await PauseAsync(random, 800);
        foreach (string what in hit)
        {
            if (what[0] == 'p') lab.Cluster.Ip("hub", $"link set {what} down");
            else lab.KillAgent(what);
            await PauseAsync(random, 100);
        }
        await PauseAsync(random, 1200);
        foreach (string what in hit)
        {
            if (what[0] == 'p') lab.Cluster.Ip("hub", $"link set {what} up");
            else if (what == "server") await lab.Cluster.StartServerAsync();
            else lab.StartAgent(what);
            await PauseAsync(random, 400);
        }
    }

    private static Task PauseAsync(Random random, int limit) => Task.Delay(TimeSpan.FromMilliseconds(random.Next(limit)), TimeProvider.System, TestContext.Current.CancellationToken);

    private static async Task AreReadyAsync(NetworkLab lab)
    {
        foreach (string host in Hosts.Append("n9")) await lab.IsReadyAsync(host);
        if (!await Eventually.WithinAsync(() => Task.FromResult(lab.Cluster.Established("n9").Count == 2), NetworkLab.Patience))
            Assert.Fail(string.Join('\n', lab.Cluster.Query("n9", "bgp-peers").Query!.Rows!.Select(r => string.Join(' ', r)).Append(lab.Cluster.Log("n9"))));
    }

    private static async Task EveryoneReachesHisOwnAsync(NetworkLab lab, NetworkChurn churn)
    {
        foreach (IGrouping<string, (NetworkChurn.Slot Slot, IReadOnlyList<string> Addresses)> network in churn.Attached.GroupBy(a => a.Slot.Network.Tenant))
            foreach ((NetworkChurn.Slot from, IReadOnlyList<string> own) in network)
                foreach (string address in network.SelectMany(n => n.Addresses).Except(own))
                    await lab.CanPingAsync(new Tenant(from.Name, from.Host, network.Key, own[0], own[^1]), address);
    }

    /// <summary>The state of each namespace of the hosts and of their workloads, by name, when it has not changed for some seconds.</summary>
    private static async Task<Dictionary<string, string>> SettledAsync(NetworkLab lab)
    {
        Dictionary<string, string> last = [];
        long since = 0;
        await Eventually.Async(() =>
        {
            Dictionary<string, string> now = Hosts.SelectMany(h => lab.NetworksOn(h).Select(n => lab.SpaceOf(h, n)).Append(lab.Cluster.NameOf(h))).ToDictionary(s => s, HostState.Of);
            if (now.Count != last.Count || now.Any(n => last.GetValueOrDefault(n.Key) != n.Value)) (last, since) = (now, TimeProvider.System.GetTimestamp());
            // What restarted agents found in networks they keep for some seconds longer than anything else.
            return Task.FromResult(TimeProvider.System.GetElapsedTime(since) > TimeSpan.FromSeconds(9));
        }, NetworkLab.Patience);
        return last;
    }

    private static async Task IsAsync(string expected, Func<string> state)
    {
        if (!await Eventually.WithinAsync(() => Task.FromResult(state() == expected), TimeSpan.FromSeconds(30))) Assert.Equal(expected, state());
    }

    private static string[] FilesOf(NetworkLab lab) =>
        [.. Hosts.SelectMany(h => Directory.GetFiles(lab.Cluster.StateOf(h), "*", SearchOption.AllDirectories).Select(f => $"{h}/{Path.GetRelativePath(lab.Cluster.StateOf(h), f)}")).Order(StringComparer.Ordinal)];

    /// <summary>How many each agent has open, but for parts of the runtime.</summary>
    private static int[] Descriptors(NetworkLab lab) =>
        [.. Hosts.Select(h => Directory.GetFiles($"/proc/{lab.Cluster.ProcessIdOf(h)}/fd").Count(f => File.ResolveLinkTarget(f, false) is { } to && !to.Name.EndsWith(".dll", StringComparison.Ordinal)))];

    /// <summary>As if the host had never had an agent.</summary>
    private static void Erase(NetworkLab lab, string host)
    {
        lab.KillAgent(host);
        Tool.Run("ip", "netns", "exec", lab.Cluster.NameOf(host), "nft", "flush", "ruleset");
        lab.Cluster.Ip(host, "nexthop flush");
        Directory.Delete(lab.Cluster.StateOf(host), recursive: true);
    }
}
