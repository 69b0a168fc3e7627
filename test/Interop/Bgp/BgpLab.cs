using System.Collections.Immutable;
using System.Globalization;
using Margay.Bgp;
using Margay.Bgp.Wire;
using Margay.Core.Net;
using Margay.Interop.Netlink;
using Margay.Interop.Peers;
using Margay.Lab.Processes;
using Margay.Netlink.Namespaces;

namespace Margay.Interop.Bgp;

/// <summary>
/// Two network namespaces joined by a cable: our speaker in one (10.9.0.1, fd09::1, AS 65001), a real daemon in the other (10.9.0.2, fd09::2). Everything
/// started is ended by its process id, and everything made is removed, also when a test fails.
/// </summary>
internal sealed class BgpLab : IDisposable
{
    internal const string Us = "10.9.0.1";
    internal const string Peer = "10.9.0.2";
    internal const string Us6 = "fd09::1";
    internal const string Peer6 = "fd09::2";

    private readonly List<PeerDaemon> _daemons = [];
    private readonly List<ProcessIdentity> _others = [];
    private readonly List<Speaker> _speakers = [];
    private readonly string _id = Guid.NewGuid().ToString("N")[..6];

    internal BgpLab()
    {
        Tool.RequireRoot();
        UsNamespace = NetworkNamespace.Create(UsName).Value;
        PeerNamespace = NetworkNamespace.Create(PeerName).Value;
        Directory.CreateDirectory(Folder);
        // FRR gives up root before it opens its files.
        Tool.Run("chmod", "777", Folder);
        Tool.Run("ip", "-n", UsName, "link", "add", "v0", "type", "veth", "peer", "name", "v0", "netns", PeerName);
        foreach ((string ns, string v4, string v6) in new[] { (UsName, Us, Us6), (PeerName, Peer, Peer6) })
        {
            Tool.Run("ip", "-n", ns, "link", "set", "lo", "up");
            Tool.Run("ip", "-n", ns, "link", "set", "v0", "up");
            Tool.Run("ip", "-n", ns, "addr", "add", v4 + "/24", "dev", "v0");
            Tool.Run("ip", "-n", ns, "addr", "add", v6 + "/64", "dev", "v0", "nodad");
        }
    }

    internal string UsName => $"mgy-bgp-{_id}-us";
    internal string PeerName => $"mgy-bgp-{_id}-peer";
    internal NetworkNamespace UsNamespace { get; }
    internal NetworkNamespace PeerNamespace { get; }

    /// <summary>Scratch for the daemon's configuration and sockets.</summary>
    internal string Folder => Path.Combine(Path.GetTempPath(), $"mgy-bgp-{_id}");

    /// <summary>The peer as our speaker usually has it.</summary>
    internal static PeerSpec Spec(RemoteAs asn, Func<PeerSpec, PeerSpec>? more = null)
    {
        PeerSpec spec = new()
        {
            Name = "peer",
            RemoteAddress = InetAddress.Parse(Peer),
            RemoteAs = asn,
            Families = FamilySet.Unicast,
            SelfIPv6 = InetAddress.Parse(Us6),
            Timers = PeerTimers.Default with { ConnectRetry = TimeSpan.FromSeconds(1), IdleHoldMax = TimeSpan.FromSeconds(1) },
        };
        return more?.Invoke(spec) ?? spec;
    }

    internal static SpeakerConfig Config(params PeerSpec[] peers) => new()
    {
        LocalAs = 65001,
        RouterId = InetAddress.Parse(Us),
        Listen = [new ListenEndpoint(InetAddress.AnyV4), new ListenEndpoint(InetAddress.AnyV6)],
        Peers = [.. peers],
    };

    internal async Task<Speaker> StartSpeaker(SpeakerConfig config, SpeakerOptions? options = null)
    {
        Speaker speaker = new(options ?? new SpeakerOptions());
        UsNamespace.Run(speaker.Start);
        _speakers.Add(speaker);
        ImmutableArray<string> faults = await speaker.ApplyAsync(config);
        Assert.True(faults.IsEmpty, string.Join('\n', faults));
        return speaker;
    }

    internal void AddOurAddress(string address) => Tool.Run("ip", "-n", UsName, "addr", "add", address + "/24", "dev", "v0");

    /// <summary>A daemon in the peer's namespace with its side of the session; ended with the lab.</summary>
    internal async Task<PeerDaemon> StartAsync(PeerKind kind, PeerSetup? setup = null)
    {
        PeerDaemon daemon = Add(PeerDaemon.Create(kind, PeerName, Path.Combine(Folder, kind.ToString())));
        await daemon.StartAsync(setup ?? new PeerSetup());
        return daemon;
    }

    /// <summary>A daemon and our speaker with a session between them, as <paramref name="setup"/> has it on the daemon's side and <paramref name="ours"/> on ours.</summary>
    internal async Task<(PeerDaemon Daemon, Speaker Speaker)> StartPairAsync(PeerKind kind, PeerSetup? setup = null, Func<PeerSpec, PeerSpec>? ours = null)
    {
        PeerSetup s = setup ?? new PeerSetup();
        // Listening before the daemon calls: what is refused once is tried again seconds later.
        Speaker speaker = await StartSpeaker(Config(Spec(s.Asn, p =>
        {
            p = p with { RemoteAddress = InetAddress.Parse(s.LocalAddress), Families = s.Families, Passive = !s.Passive };
            return ours?.Invoke(p) ?? p;
        })) with { LocalAs = s.NeighbourAsn });
        return (await StartAsync(kind, s), speaker);
    }

    internal Bird StartBird(string config)
    {
        Bird bird = _daemons.OfType<Bird>().FirstOrDefault() ?? Add(new Bird(PeerName, Path.Combine(Folder, "bird")));
        bird.Start(config);
        return bird;
    }

    internal string BirdLog() => One<Bird>().Log;

    internal string Birdc(string command) => Ask<Bird>(command.Split(' '));

    /// <summary>bgpd alone: no kernel routes, next hops count as valid.</summary>
    internal Frr StartFrr(string config)
    {
        Frr frr = Add(new Frr(PeerName, Path.Combine(Folder, "frr")));
        frr.Start(config);
        return frr;
    }

    internal string Vtysh(string command) => _daemons.OfType<Frr>().Any() ? Ask<Frr>(command) : Vtysh("bgpd", command);

    /// <summary>zebra, bfdd and bgpd: with kernel routes, BFD and router advertisements.</summary>
    internal async Task StartFrrSuite(string bgp, string zebra = "", string bfd = "")
    {
        string socket = Path.Combine(Folder, "zserv.api");
        foreach ((string daemon, string config, string[] more) in new[] { ("zebra", zebra, Array.Empty<string>()), ("bfdd", bfd, ["--bfdctl", Path.Combine(Folder, "bfdd.sock")]), ("bgpd", bgp, ["-S", "-p", "179"]) })
        {
            string file = Path.Combine(Folder, daemon + ".conf");
            await File.WriteAllTextAsync(file, $"frr defaults datacenter\nlog file {Path.Combine(Folder, daemon)}.log\n{config}");
            Tool.Run("chmod", "644", file);
            StartInPeer($"/usr/lib/frr/{daemon}", "frr", ["-f", file, "-z", socket, "-P", "0", "--vty_socket", Folder, "-i", Path.Combine(Folder, daemon + ".pid"), .. more]);
            if (daemon == "zebra") await Eventually.Async(() => Task.FromResult(File.Exists(socket)), TimeSpan.FromSeconds(20));
        }
    }

    internal string Vtysh(string daemon, string command) => Tool.Run("vtysh", "--vty_socket", Folder, "-d", daemon, "-c", command);

    /// <summary>Changes a running daemon of FRR.</summary>
    internal void Configure(string daemon, params string[] commands) =>
        Tool.Run("vtysh", ["--vty_socket", Folder, "-d", daemon, "-c", "configure terminal", .. commands.SelectMany(c => new[] { "-c", c })]);

    /// <summary>Drops what the peer sends or receives on the cable, without taking the link down: both ends see only silence.</summary>
    internal void CutCable() => Tool.Run("ip", "netns", "exec", PeerName, "nft", "add table netdev cut; add chain netdev cut in { type filter hook ingress device v0 priority 0; policy drop; }; add chain netdev cut out { type filter hook egress device v0 priority 0; policy drop; }");

    internal GoBgp StartGoBgp(string config)
    {
        GoBgp gobgp = Add(new GoBgp(PeerName, Path.Combine(Folder, "gobgp")));
        gobgp.Start(config);
        return gobgp;
    }

    internal string GoBgp(string command) => Ask<GoBgp>(command.Split(' '));

    /// <summary>Another program in the peer's namespace, as tcpdump; ended with the lab.</summary>
    internal void StartInPeer(string command, string package, params string[] arguments)
    {
        Assert.True(Launcher.FindProgram(command) is not null, $"'{command}' is missing: apt-get install {package}");
        _others.Add(Launcher.StartDaemon(new Enclosure { NetworkNamespace = PeerName }, [command, .. arguments], Path.Combine(Folder, $"{Path.GetFileName(command)}.out")));
    }

    private string Ask<T>(params string[] command) where T : PeerDaemon => One<T>().AskAsync(command).GetAwaiter().GetResult();

    private T One<T>() where T : PeerDaemon => _daemons.OfType<T>().Single();

    private T Add<T>(T daemon) where T : PeerDaemon
    {
        _daemons.Add(daemon);
        return daemon;
    }

    internal static Task<bool> Until(Func<Task<bool>> condition, double seconds = 30) => Eventually.WithinAsync(condition, TimeSpan.FromSeconds(seconds));

    internal static async Task Up(Speaker speaker, string name = "peer", double seconds = 30)
    {
        bool up = await Until(async () => (await speaker.GetPeersAsync()).Any(p => p.Name == name && p.State == SessionState.Established), seconds);
        PeerStatus? s = (await speaker.GetPeersAsync()).FirstOrDefault(p => p.Name == name);
        Assert.True(up, $"{name}: {s?.State} {s?.LastError} {s?.ConnectError}");
    }

    internal static async Task<PathAttributes> Route(Speaker speaker, string prefix, double seconds = 20)
    {
        PathAttributes? found = null;
        IpPrefix p = IpPrefix.Parse(prefix);
        await Until(async () => (found = await Find(speaker, p)) is not null, seconds);
        if (found is null) Assert.Fail($"{prefix} did not come: {string.Join("; ", (await speaker.GetPeersAsync()).Select(s => $"{s.Name} {s.State} {s.LastError} {s.ConnectError}"))}");
        return found!;
    }

    internal static async Task NoRoute(Speaker speaker, string prefix, double seconds = 20) =>
        Assert.True(await Until(async () => await Find(speaker, IpPrefix.Parse(prefix)) is null, seconds), $"{prefix} did not go");

    private static async Task<PathAttributes?> Find(Speaker speaker, IpPrefix prefix) =>
        (await speaker.GetRoutesAsync(RibKind.LocRib, prefix.IsIPv6 ? Family.IPv6Unicast : Family.IPv4Unicast, null, prefix)).FirstOrDefault(r => r.Nlri == prefix)?.Attributes;

    /// <summary>Waits until the daemon's output holds all of <paramref name="parts"/>.</summary>
    internal static async Task Shows(Func<string> command, params string[] parts)
    {
        string last = "";
        bool all = await Until(() =>
        {
            try
            {
                last = command();
            }
            catch (Exception e) when (e is Xunit.Sdk.XunitException)
            {
                // The daemon's control socket may not be there yet.
                last = e.Message;
            }
            return Task.FromResult(parts.All(p => last.Contains(p, StringComparison.Ordinal)));
        });
        Assert.True(all, string.Create(CultureInfo.InvariantCulture, $"expected '{string.Join("', '", parts)}' in:\n{last}"));
    }

    public void Dispose()
    {
        foreach (Speaker s in _speakers) s.DisposeAsync().AsTask().GetAwaiter().GetResult();
        foreach (PeerDaemon d in _daemons) d.DisposeAsync().AsTask().GetAwaiter().GetResult();
        ProcessIdentity.StopAsync(_others, TimeSpan.Zero, TimeProvider.System).GetAwaiter().GetResult();
        NetworkNamespace.Delete(UsName);
        NetworkNamespace.Delete(PeerName);
        UsNamespace.Dispose();
        PeerNamespace.Dispose();
        if (Directory.Exists(Folder)) Directory.Delete(Folder, recursive: true);
    }
}
