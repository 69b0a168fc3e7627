using System.Net;
using System.Net.Sockets;
using Margay.Bgp;
using Margay.Core.Net;
using Margay.Interop.Netlink;
using Margay.Interop.Peers;

namespace Margay.Interop.Bgp;

/// <summary>
/// Attacks over the real TCP, while a session with BIRD must not notice: it stays up, and a new route reaches BIRD in time. What a peer may say that is wrong is tried on the simulated
/// network (HostilePeerTests, StormTests); here it is about connections, buffers and descriptors.
/// </summary>
public sealed class HostileTests : IDisposable
{
    private const string Known = "10.9.0.50", Stranger = "10.9.0.60";
    private static readonly TimeSpan s_inTime = TimeSpan.FromSeconds(5);
    private readonly BgpLab _lab = new();
    private Speaker _speaker = null!;
    private PeerDaemon _bird = null!;
    private int _routes;

    private async Task StartAsync(SpeakerOptions? options = null)
    {
        foreach (string address in new[] { Known, Stranger }) Tool.Run("ip", "-n", _lab.PeerName, "addr", "add", $"{address}/24", "dev", "v0");
        _speaker = await _lab.StartSpeaker(BgpLab.Config(
            BgpLab.Spec(65002, p => p with { Passive = true }),
            BgpLab.Spec(65050, p => p with { Name = "known", RemoteAddress = InetAddress.Parse(Known), Passive = true })), options);
        _bird = await _lab.StartAsync(PeerKind.Bird);
        await BgpLab.Route(_speaker, PeerSetup.Prefix4);
    }

    private async Task AssertServedAsync()
    {
        string prefix = $"198.18.{_routes++}.0/24";
        long start = TimeProvider.System.GetTimestamp();
        await _speaker.AnnounceAsync(IpPrefix.Parse(prefix), LocalRoute.Default);
        await _bird.SeesAsync(prefix, BgpLab.Us);
        TimeSpan took = TimeProvider.System.GetElapsedTime(start);
        Assert.True(took < s_inTime, $"a route took {took}");
        Assert.Equal((1, SessionState.Established), (await _speaker.GetPeersAsync()).Where(p => p.Name == "peer").Select(p => (p.TimesEstablished, p.State)).Single());
    }

    private Socket Connect(string from)
    {
        Socket socket = _lab.PeerNamespace.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
        socket.Connect(new IPEndPoint(IPAddress.Parse(BgpLab.Us), 179));
        return socket;
    }

    private static int Descriptors() => Directory.GetFileSystemEntries("/proc/self/fd").Length;

    /// <summary>OPEN of AS 65050 with a hold time of 90 s and no capabilities, and a KEEPALIVE.</summary>
    private static byte[] Open() => Convert.FromHexString(
        new string('f', 32) + "001d" + "01" + "04" + "fe1a" + "005a" + "0a090032" + "00"
        + new string('f', 32) + "0013" + "04");

    [Theory]
    [InlineData(Stranger, "")]
    [InlineData(Stranger, "GET / HTTP/1.1\r\n\r\n")]
    [InlineData(Known, "")]
    [InlineData(Known, "GET / HTTP/1.1\r\n\r\n")]
    public async Task ThousandsOfConnects_CostNothingThatStays(string from, string words)
    {
        await StartAsync();
        await AssertServedAsync();
        int before = Descriptors();
        Queue<Socket> open = new();
        try
        {
            for (int i = 0; i < 4000; i++)
            {
                try
                {
                    Socket socket = Connect(from);
                    open.Enqueue(socket);
                    if (words.Length > 0) socket.Send(System.Text.Encoding.ASCII.GetBytes(words));
                }
                catch (SocketException)
                {
                    // Refused or reset already: that is its right.
                }
                // Hundreds at a time.
                if (open.Count > 300) open.Dequeue().Dispose();
                if (i % 1000 == 0) await AssertServedAsync();
            }
            await AssertServedAsync();
        }
        finally
        {
            foreach (Socket socket in open) socket.Dispose();
        }
        Assert.True(await BgpLab.Until(() => Task.FromResult(Descriptors() <= before + 5)), $"{before} descriptors before, {Descriptors()} after");
    }

    [Fact]
    public async Task PeerThatReadsNothing_DelaysNobody()
    {
        await StartAsync(new SpeakerOptions { UpdateLogLimit = 1 << 20 });
        using Socket deaf = Connect(Known);
        deaf.Send(Open());
        await BgpLab.Up(_speaker, "known");
        // An UPDATE each, some 60 octets: more than the buffers of both sockets take.
        const int Count = 20_000, Rounds = 12;
        for (int round = 0; round < Rounds; round++)
        {
            await _speaker.UpdateLocalRoutesAsync([.. Enumerable.Range(0, Count).Select(i =>
                new LocalRouteChange(new IpPrefix(InetAddress.FromIPv4(0x0b00_0000u + (uint)i), 32), LocalRoute.Default with { Med = (uint)(Count * round + i) }))]);
            await AssertServedAsync();
        }
        Assert.True((await _speaker.GetPeersAsync()).Single(p => p.Name == "known").IsSlow);
    }

    [Fact]
    public async Task PeerThatVanishesWithoutAWord_EndsByItsTimer()
    {
        await StartAsync();
        using Socket silent = Connect(Known);
        byte[] open = Open();
        // Three seconds.
        open[23] = 3;
        silent.Send(open);
        await BgpLab.Up(_speaker, "known");
        Assert.True(await BgpLab.Until(async () => (await _speaker.GetPeersAsync()).Single(p => p.Name == "known").LastError.Contains("hold timer", StringComparison.Ordinal)));
        await AssertServedAsync();
    }

    public void Dispose() => _lab.Dispose();
}
