using CsCheck;
using Margay.Bgp.Bmp;
using Margay.Bgp.Rib;
using Margay.Bgp.Tests.Session;
using Margay.Bgp.Wire;
using Margay.Core.Net;

namespace Margay.Bgp.Tests.Bmp;

/// <summary>What a monitoring station is told, on a simulated clock and network.</summary>
public class BmpTests
{
    private readonly Net _net = new();
    private readonly Speaker _us;
    private readonly Station _station;
    private static readonly BmpStationSpec s_spec = new(Net.Address(9), 1790);

    public BmpTests()
    {
        _us = _net.Add(1, 65001);
        _station = new Station(_net.Sim.Network, Net.Address(9));
    }

    private void Monitor(Func<BmpStationSpec, BmpStationSpec>? more = null) =>
        _net.Change(_us, c => c with { BmpStations = [more?.Invoke(s_spec) ?? s_spec], SystemName = "leaf-1" });

    private void Run(double seconds = 1)
    {
        for (int i = 0; i < 50; i++)
        {
            _net.Run(seconds / 50);
            _station.Poll();
        }
    }

    private Speaker Neighbour(int n, Func<PeerSpec, PeerSpec>? atUs = null)
    {
        Speaker s = _net.Add(n, 65000u + (uint)n);
        _net.Link(_us, 1, s, n, p => (atUs?.Invoke(p) ?? p) with { GracefulRestart = GracefulRestartSpec.Off });
        _net.AwaitUp(_us, n);
        return s;
    }

    private string[] Routes(byte flags, int peerType = 0) =>
        [.. _station.Routes.Keys.Select(k => k.Split(' ')).Where(k => k[0] == $"{peerType}" && k[2] == $"{flags:x2}").Select(k => $"{k[1]} {k[3]}").Order(StringComparer.Ordinal)];

    [Fact]
    public void Connection_BeginsWithInitiation_ThenPeersWithBothOpens_ThenRoutes_ThenEndOfRib()
    {
        Speaker b = Neighbour(2);
        _net.Announce(b, "192.0.2.0/24");
        _net.AwaitRoute(_us, "192.0.2.0/24");
        Monitor();
        Run();
        Assert.Equal("\0\u0001\0\u0012Margay BGP speaker\0\u0002\0\u0006leaf-1", System.Text.Encoding.ASCII.GetString(_station.Messages[0].Body));
        Assert.Equal(BmpMessageType.InitiationMessage, _station.Messages[0].Type);
        Assert.Equal([(3, 65001u), (0, 65002u)], _station.Messages.Skip(1).Take(2).Select(m => ((int)m.PeerType, m.Asn)));
        StationMessage up = _station.Messages[2];
        Assert.Equal(BmpMessageType.PeerUpNotification, up.Type);
        Assert.Equal(Net.Address(2), up.Peer);
        Assert.Equal(Net.Address(1), InetAddress.FromBytes(up.Body.AsSpan(12, 4)));
        byte[] opens = up.Body[20..];
        int first = opens[16] << 8 | opens[17];
        Assert.Null(OpenMessage.TryRead(opens.AsSpan(19, first - 19), out OpenMessage sent));
        Assert.Null(OpenMessage.TryRead(opens.AsSpan(first + 19, (opens[first + 16] << 8 | opens[first + 17]) - 19), out OpenMessage received));
        Assert.Equal((65001u, 65002u), (sent.Asn, received.Asn));
        Assert.Equal(["10.0.0.2 192.0.2.0/24"], Routes(0));
        Assert.Equal(["10.0.0.2 192.0.2.0/24"], Routes(0x40));
        Assert.Equal(["0.0.0.0 192.0.2.0/24"], Routes(0, peerType: 3));
        int[] endOfRib = [.. _station.Messages.Select((m, i) => (m, i)).Where(x => x.m is { Type: BmpMessageType.RouteMonitoring, PeerType: 0 } && x.m.Body is [.., 0, 0, 0, 0] && x.m.Body.Length == 23).Select(x => x.i)];
        Assert.Equal(2, endOfRib.Length);
        Assert.True(endOfRib[0] > _station.Messages.FindIndex(m => m.Type == BmpMessageType.RouteMonitoring && m.Body.Length > 23));
    }

    [Fact]
    public void ImportFilter_ShowsInThePostPolicyView_Alone()
    {
        Monitor();
        Speaker b = Neighbour(2, p => p with { Import = new Only("192.0.2.0/24") });
        _net.Announce(b, "192.0.2.0/24");
        _net.Announce(b, "198.51.100.0/24");
        Run();
        Assert.Equal(["10.0.0.2 192.0.2.0/24", "10.0.0.2 198.51.100.0/24"], Routes(0));
        Assert.Equal(["10.0.0.2 192.0.2.0/24"], Routes(0x40));
        Assert.EndsWith("800404000000c8" /* MED 200 */, _station.Routes["0 10.0.0.2 40 192.0.2.0/24"], StringComparison.Ordinal);
        _net.ChangePeer(_us, 2, p => p with { Import = new Only("198.51.100.0/24") });
        Run();
        Assert.Equal(["10.0.0.2 198.51.100.0/24"], Routes(0x40));
        _net.Withdraw(b, "198.51.100.0/24");
        Run();
        Assert.Equal(["10.0.0.2 192.0.2.0/24"], Routes(0));
        Assert.Empty(Routes(0x40));
    }

    private sealed record Only(string Prefix) : IRouteFilter
    {
        public FilterResult Apply(in FilterContext route) =>
            route.Nlri.ToString() == Prefix ? FilterResult.Modify(route.Attributes.ToBuilder().SetMed(200).Build()) : FilterResult.Reject;
    }

    [Fact]
    public void PeerDown_SaysWhy()
    {
        Monitor();
        Speaker b = Neighbour(2), c = Neighbour(3), d = Neighbour(4);
        Run();
        _net.Sim.Wait(_us.ResetAsync("s2", "because"));
        Run(0.05);
        _net.Sim.Wait(c.ShutdownAsync("bye"));
        Run(0.05);
        _net.Sim.Kill(d);
        Run(0.05);
        StationMessage[] down = [.. _station.Of(BmpMessageType.PeerDownNotification)];
        Assert.Equal([Net.Address(2), Net.Address(3), Net.Address(4)], down.Select(m => m.Peer));
        Assert.Equal([1, 3, 4], down.Select(m => (int)m.Body[0]));
        Assert.Contains("because", NotificationMessage.Read(down[0].Body.AsSpan(20)).ToString(), StringComparison.Ordinal);
        Assert.Contains("bye", NotificationMessage.Read(down[1].Body.AsSpan(20)).Inner.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Stats_AreReported_ForPeersAndTheLocRib()
    {
        Speaker b = Neighbour(2, p => p with { Import = new Only("192.0.2.0/24") });
        _net.Announce(b, "192.0.2.0/24");
        _net.Announce(b, "198.51.100.0/24");
        Monitor(s => s with { StatsInterval = TimeSpan.FromSeconds(10) });
        Run(11);
        StationMessage[] reports = [.. _station.Of(BmpMessageType.StatisticsReport)];
        Assert.Equal([0, 3], reports.Select(m => (int)m.PeerType));
        string hex = Convert.ToHexStringLower(reports[0].Body);
        Assert.StartsWith("00000009" + "0000000400000001", hex, StringComparison.Ordinal);
        Assert.Contains("00070008" + "0000000000000002", hex, StringComparison.Ordinal);
        Assert.Contains("0009000b" + "000101" + "0000000000000002", hex, StringComparison.Ordinal);
    }

    [Fact]
    public void StationThatIsNotThere_IsTriedAgain_EverLessOften()
    {
        _net.Change(_us, c => c with { BmpStations = [new BmpStationSpec(Net.Address(9), 1791)] });
        Run(1);
        BmpStationStatus status = Assert.Single(_net.Sim.Wait(_us.GetStationsAsync()));
        Assert.False(status.Connected);
        Assert.Contains("Connection refused", status.LastError, StringComparison.Ordinal);
        Monitor();
        Run(1);
        Assert.Equal(1, _station.Connections);
        _station.Connection!.Dispose();
        Run(5);
        Assert.Equal(2, _station.Connections);
        Assert.Equal(2, _net.Sim.Wait(_us.GetStationsAsync())[0].TimesConnected);
    }

    [Fact]
    public void Removal_IsSaidWithATermination()
    {
        Monitor();
        Run();
        _net.Change(_us, c => c with { BmpStations = [] });
        Run();
        Assert.Equal("000100020000", Convert.ToHexStringLower(_station.Messages[^1].Body));
        Assert.Equal(BmpMessageType.TerminationMessage, _station.Messages[^1].Type);
        Assert.True(_station.Ended);
    }

    [Fact]
    public void StationThatDoesNotRead_CostsABoundedAmount_DelaysNobody_AndIsCutOff()
    {
        Monitor();
        _net.Sim.Network.Window = 16 << 10;
        Speaker b = Neighbour(2), c = Neighbour(3);
        Run();
        _station.Connection!.Paused = true;
        for (int round = 0; round < 20; round++)
        {
            uint med = (uint)round;
            _net.Sim.Wait(b.UpdateLocalRoutesAsync([.. Enumerable.Range(0, 3000).Select(i => new LocalRouteChange(new IpPrefix(InetAddress.FromIPv4(0x0b000000u + (uint)i), 32), new LocalRoute { Med = med }))]));
            Run(0.5);
        }
        Assert.Equal(3000, _net.Status(c, 1).RoutesReceived);
        int pending = _net.Sim.Wait(_us.GetStationsAsync())[0].Pending;
        Assert.InRange(pending, 1, 6000);
        _station.Connection.Paused = false;
        Run(5);
        Assert.Equal(1, _station.Connections);
        Assert.Equal(3000, Routes(0).Length);
        Assert.All(_station.Routes.Where(r => r.Key.StartsWith("0 10.0.0.2 00", StringComparison.Ordinal)), r => Assert.EndsWith("00000013", r.Value, StringComparison.Ordinal));
        _station.Connection.Paused = true;
        _net.Sim.Wait(b.UpdateLocalRoutesAsync([.. Enumerable.Range(0, 3000).Select(i => new LocalRouteChange(new IpPrefix(InetAddress.FromIPv4(0x0b000000u + (uint)i), 32), new LocalRoute { Med = 99 }))]));
        _net.Run(200);
        Assert.True(_net.Sim.Wait(_us.GetStationsAsync())[0] is { Connected: false } or { TimesConnected: 2 });
        Run(70);
        Assert.Equal(2, _station.Connections);
        Assert.Equal(3000, Routes(0).Length);
    }

    [Fact]
    public void WhateverHappens_TheStationEndsUpWithWhatTheTablesHave()
    {
        Gen.Select(Gen.Int[0, 5], Gen.Int[0, 9], Gen.UInt[0, 3]).Array[1, 40].Sample(steps =>
        {
            BmpTests t = new();
            t._net.Sim.Network.Window = 4096;
            t.Monitor();
            Speaker[] peers = [t.Neighbour(2, p => p with { Import = new Only("10.1.3.0/24") }), t.Neighbour(3)];
            foreach ((int what, int prefix, uint med) in steps)
            {
                Speaker s = peers[prefix & 1];
                switch (what)
                {
                    case 0 or 1: t._net.Announce(s, $"10.1.{prefix}.0/24", new LocalRoute { Med = med }); break;
                    case 2: t._net.Withdraw(s, $"10.1.{prefix}.0/24"); break;
                    case 3: t._station.Poll(); break;
                    case 4 when med == 0: t._net.Sim.Wait(t._us.ResetAsync($"s{2 + (prefix & 1)}")); break;
                    case 5 when med == 0 && t._station.Connection is { } c: c.Dispose(); break;
                    default: t._net.Run(0.01); break;
                }
            }
            t.Run(90);
            string[] expected = [.. new[] { "s2", "s3" }.SelectMany((p, i) => t._net.Routes(t._us, RibKind.AdjRibIn, p).Select(r => $"10.0.0.{2 + i} {r.Nlri}")).Order(StringComparer.Ordinal)];
            string[] accepted = [.. expected.Where(e => !e.StartsWith("10.0.0.2 ", StringComparison.Ordinal) || e.EndsWith(" 10.1.3.0/24", StringComparison.Ordinal))];
            Assert.Equal(expected, t.Routes(0));
            Assert.Equal(accepted, t.Routes(0x40));
            Assert.Equal(t._net.Routes(t._us).Select(r => $"0.0.0.0 {r.Nlri}").Order(StringComparer.Ordinal), t.Routes(0, 3));
        });
    }
}
