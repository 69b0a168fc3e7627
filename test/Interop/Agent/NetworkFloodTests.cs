using System.Diagnostics;
using System.Globalization;
using Margay.Core.Net;
using Margay.Interop.Dataplane;
using Margay.Interop.Netlink;
using Margay.Netlink.Namespaces;

namespace Margay.Interop.Agent;

/// <summary>A workload that uses up what the kernel has only once, or only so much of: its own network may suffer, others' and the host do not.</summary>
public sealed class NetworkFloodTests(EscapeLab escape) : IClassFixture<EscapeLab>
{
    /// <summary>The kernel's neighbour tables are one for all namespaces: whoever filled them would cut everybody off from what is not in them yet.</summary>
    [Fact]
    public async Task InventedNeighbours_FillNoTable()
    {
        const int Invented = 4000, MuchLessThanTheTableHolds = 300;
        int before = Entries();
        InetAddress gateway = InetAddress.Parse("fe80::ecee:eeff:feee:eeee");
        for (int i = 0; i < Invented; i++)
        {
            InetAddress source = InetAddress.Parse(string.Create(CultureInfo.InvariantCulture, $"fe80::bad:{i:x}"));
            // Asks who the gateway is, says who it is, asks for routers; in IPv4 asks, and tells of itself.
            escape.SendFrame(Frame.Discovery(escape.Mac, 135, source, gateway, gateway));
            escape.SendFrame(Frame.Discovery(escape.Mac, 133, source, gateway, gateway));
            escape.SendFrame(Frame.Discovery(escape.Mac, 136, source, gateway, source));
            escape.SendFrame(Frame.Arp(escape.Mac, 1, InetAddress.Parse(string.Create(CultureInfo.InvariantCulture, $"10.0.{i / 250}.{i % 250}")), InetAddress.Parse("169.254.1.1")));
            escape.SendFrame(Frame.Arp(escape.Mac, 2, InetAddress.Parse("169.254.1.1"), InetAddress.Parse("169.254.1.1")));
        }
        await escape.IsThroughAsync();
        int invented = Entries() - before;
        TestContext.Current.TestOutputHelper?.WriteLine($"{invented} entries more of {Invented} addresses invented");
        Assert.InRange(invented, 0, MuchLessThanTheTableHolds);
        // Nobody has forgotten anybody, and the host makes new acquaintances: the hub's other address.
        Tool.Run("ip", "-n", escape.Lab.Cluster.NameOf("hub"), "address", "replace", "192.0.2.253/24", "dev", "br0");
        Assert.True(Run("ip", "netns", "exec", escape.Host1, "busybox", "ping", "-c", "1", "-W", "2", "192.0.2.253"));
        foreach (string address in escape.Green2.Addresses) Assert.True(escape.Lab.Ping(escape.Green1, address));
        foreach (string address in escape.Friend.Addresses) Assert.True(escape.Lab.Ping(escape.Attacker, address));
    }

    /// <summary>Fragments that are never followed by the rest wait for it, up to a limit that each namespace has for itself.</summary>
    [Fact]
    public async Task FragmentsThatNeverEnd_HinderNobodyElse()
    {
        for (int i = 0; i < 6000; i++)
        {
            foreach ((string source, string to) in ((string, string)[])[(escape.Attacker.V4, escape.Friend.V4), (escape.Attacker.V6, escape.Friend.V6), (escape.Attacker.V4, EscapeLab.World4)])
            {
                byte[] packet = MarkedPacket.Datagram(source, to, 9, 0, new byte[1200]);
                escape.Send(MarkedPacket.FragmentOf(packet, (ushort)i, 0, 1024, more: true));
            }
        }
        foreach (string address in escape.Green2.Addresses.Concat([EscapeLab.World4, EscapeLab.World6])) Assert.True(BigPing(escape.Lab.SpaceOf(escape.Green1), address), address);
        Assert.True(BigPing(escape.Host1, "192.0.2.2"));
        await escape.IsThroughAsync();
    }

    /// <summary>Each network has connection tracking of its own. What is let out appears in the host's, too.</summary>
    [Fact]
    public async Task TensOfThousandsOfFlows_OfOneTenant_LeaveTheOthersTheirs()
    {
        const int Flows = 40_000, Asked = 50;
        using NetworkNamespace green1 = escape.Lab.Inside(escape.Green1), green2 = escape.Lab.Inside(escape.Green2);
        await using Greeter greeter = new(green2, "green2");
        TimeSpan quiet = await ConnectAsync(green1, Asked);
        int before = Flows4(escape.GreenSpace);
        for (int i = 0; i < Flows; i++)
        {
            byte[] packet = MarkedPacket.Datagram(escape.Attacker.V4, escape.Friend.V4, (ushort)(10_000 + i), 0);
            escape.Send(packet);
        }
        int flows = Flows4(escape.RedSpace);
        TimeSpan busy = await ConnectAsync(green1, Asked);
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{flows} flows of one network; {Asked} connections of another took {quiet.TotalMilliseconds:F0} ms before, {busy.TotalMilliseconds:F0} ms then"));
        Assert.InRange(flows, Flows / 2, int.MaxValue);
        Assert.InRange(Flows4(escape.GreenSpace) - before, 0, 4 * Asked);
        foreach (string address in (string[])[EscapeLab.World4, EscapeLab.World6]) Assert.True(escape.Lab.Ping(escape.Green1, address));
    }

    private async Task<TimeSpan> ConnectAsync(NetworkNamespace from, int times)
    {
        long start = TimeProvider.System.GetTimestamp();
        for (int i = 0; i < times; i++) Assert.Equal("green2", await Greeter.AskAsync(from, escape.Green2.Addresses[i % 2]));
        return TimeProvider.System.GetElapsedTime(start);
    }

    private static int Flows4(string space) => int.Parse(Tool.Run("ip", "netns", "exec", space, "conntrack", "-C"), CultureInfo.InvariantCulture);

    private int Entries() => ((string[])[escape.RedSpace, escape.GreenSpace, escape.Host1]).Sum(s => Tool.Run("ip", "-n", s, "neigh", "show").Split('\n').Length);

    private static bool BigPing(string space, string address) => Run("ip", "netns", "exec", space, "busybox", "ping", "-s", "4000", "-c", "3", "-W", "3", address);

    private static bool Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
