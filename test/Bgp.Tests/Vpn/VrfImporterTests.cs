using System.Collections.Immutable;
using CsCheck;
using Margay.Bgp.Rib;
using Margay.Bgp.Vpn;
using Margay.Bgp.Wire;
using Margay.Core.Net;

namespace Margay.Bgp.Tests.Vpn;

/// <summary>Which routes get into which VRF, over which hosts, and why the others do not.</summary>
public class VrfImporterTests
{
    private static readonly IpPrefix s_prefix = IpPrefix.Parse("10.0.0.1/32");
    private readonly VrfImporter _importer = new(Evpn.Vtep(200), Evpn.Mac(200));

    private void Learn(params Evpn[] routes) => _importer.Apply(routes.Select(r => r.Announced()));

    private void Forget(params Evpn[] routes) => _importer.Apply(routes.Select(r => r.Withdrawn()));

    private ImmutableArray<TunnelHop> Hops(string vrf = "red") => _importer.RoutesOf(vrf).GetValueOrDefault(s_prefix, []);

    private string? Reason(Evpn route) => _importer.Rows().Single(r => r.Nlri.Equals(route.Nlri)).Reason;

    [Fact]
    public void ARoute_GoesIntoEveryVrf_ThatImportsOneOfItsTargets()
    {
        _importer.Configure([Evpn.Vrf("red", 100, 100), Evpn.Vrf("shared", 100, 300, 101), Evpn.Vrf("green", 100, 102)]);
        Learn(new Evpn { Targets = [100, 101] });
        Assert.Equal([Evpn.Hop(1)], Hops());
        Assert.Equal([Evpn.Hop(1)], Hops("shared"));
        Assert.Empty(Hops("green"));
        Forget(new Evpn());
        Assert.Empty(Hops());
        Assert.Empty(_importer.Rows());
    }

    [Fact]
    public void EqualPrefixes_OfTwoNetworks_StayApart()
    {
        _importer.Configure([Evpn.Vrf("red", 100, 100), Evpn.Vrf("green", 101, 101)]);
        Learn(new Evpn { Host = 1 }, new Evpn { Host = 2, Vni = 101, Targets = [101] });
        Assert.Equal([Evpn.Hop(1)], Hops());
        Assert.Equal([Evpn.Hop(2)], Hops("green"));
    }

    [Fact]
    public void RangesThatTheHostKeeps_AreNotImported_AndOthersAre()
    {
        VrfImporter importer = new(Evpn.Vtep(200), Evpn.Mac(200), [IpPrefix.Parse("169.254.0.0/16")]);
        importer.Configure([Evpn.Vrf("red", 100, 100)]);
        importer.Apply([new Evpn { Prefix = "169.254.169.254/32" }.Announced(), new Evpn { Prefix = "169.0.0.0/8" }.Announced()]);
        Assert.Equal([IpPrefix.Parse("169.0.0.0/8")], importer.RoutesOf("red").Keys);
        Assert.Contains("169.254.0.0/16 is this host's own in every network", importer.Rows().Select(r => r.Reason));
    }

    /// <summary>Of one that counts less it must not depend whether frames to another tenant's host arrive.</summary>
    [Fact]
    public void ARouterMac_IsNotLostToAPeerOfDoubtfulRoutes()
    {
        _importer.Configure([Evpn.Vrf("red", 100, 100), Evpn.Vrf("green", 101, 101)]);
        Evpn thief = new() { Host = 1, RouterMac = Evpn.Mac(2).ToString(), LocalPref = TrustedTargets.MostLocalPref }, owner = new() { Host = 2, Vni = 101, Targets = [101] };
        Learn(thief);
        Learn(owner);
        Assert.Equal([Evpn.Hop(2)], Hops("green"));
        Assert.Empty(Hops());
        Assert.Contains("is also that of 192.0.2.2", Reason(thief), StringComparison.Ordinal);
        Forget(owner);
        Assert.Equal([new TunnelHop(Evpn.Vtep(1), Evpn.Mac(2))], Hops());
    }

    [Fact]
    public void HigherSequence_ThenHigherLocalPref_Wins_AndEqualOnesShare()
    {
        _importer.Configure([Evpn.Vrf("red", 100, 100)]);
        Learn(new Evpn { Host = 2 }, new Evpn { Host = 1 });
        Assert.Equal([Evpn.Hop(1), Evpn.Hop(2)], Hops());
        Learn(new Evpn { Host = 2, LocalPref = 200 });
        Assert.Equal([Evpn.Hop(2)], Hops());
        Learn(new Evpn { Host = 1, Sequence = 1 });
        Assert.Equal([Evpn.Hop(1)], Hops());
        Assert.Contains("higher sequence", Reason(new Evpn { Host = 2 }), StringComparison.Ordinal);
        Forget(new Evpn { Host = 1 });
        Assert.Equal([Evpn.Hop(2)], Hops());
    }

    [Fact]
    public void WhatIsNotUsed_HasAReason()
    {
        _importer.Configure([Evpn.Vrf("red", 100, 100)]);
        Evpn own = new() { Host = 200, RouterMac = Evpn.Mac(5).ToString() }, mac = new() { Host = 3, RouterMac = Evpn.Mac(200).ToString() }, vni = new() { Host = 4, Vni = 777 };
        Learn(own, mac, vni);
        Assert.Empty(Hops());
        Assert.Equal("its next hop is this host", Reason(own));
        Assert.Contains("that of this host", Reason(mac), StringComparison.Ordinal);
        Assert.Equal("its VNI is 777, that of the network 100", Reason(vni));
    }

    /// <summary>FRR forgets a tunnel end's MAC when one route lacks it; here the others of that host go on.</summary>
    [Fact]
    public void ARouteWithoutRouterMac_DoesNotHarmTheOthersOfItsHost()
    {
        _importer.Configure([Evpn.Vrf("red", 100, 100)]);
        Learn(new Evpn(), new Evpn { Prefix = "10.0.0.2/32", RouterMac = "" }, new Evpn { Prefix = "10.0.0.3/32", RouterMac = "00:00:00:00:00:00" });
        Assert.Equal([Evpn.Hop(1)], Hops());
        Assert.Single(_importer.RoutesOf("red"));
    }

    [Fact]
    public void OneRouterMacOfTwoHosts_IsTheLowerOnes_WhoeverCameFirst()
    {
        _importer.Configure([Evpn.Vrf("red", 100, 100), Evpn.Vrf("green", 101, 101)]);
        Evpn low = new() { Host = 1 }, high = new() { Host = 2, Vni = 101, Targets = [101], RouterMac = Evpn.Mac(1).ToString() };
        Learn(high);
        Assert.Single(Hops("green"));
        Learn(low);
        Assert.Equal([Evpn.Hop(1)], Hops());
        Assert.Empty(Hops("green"));
        Assert.Contains("is also that of 192.0.2.1", Reason(high), StringComparison.Ordinal);
        Forget(low);
        Assert.Equal([new TunnelHop(Evpn.Vtep(2), Evpn.Mac(1))], Hops("green"));
    }

    [Fact]
    public void Configure_SaysWhatDiffers_AndNothingTwice()
    {
        Learn(new Evpn(), new Evpn { Prefix = "10.0.0.2/32", Targets = [101] });
        Assert.Equal(s_prefix, Assert.Single(_importer.Configure([Evpn.Vrf("red", 100, 100)])).Prefix);
        Assert.Empty(_importer.Configure([Evpn.Vrf("red", 100, 100)]));
        IReadOnlyList<VrfRouteChange> changes = _importer.Configure([Evpn.Vrf("red", 100, 101)]);
        Assert.Equal(["10.0.0.1/32 0", "10.0.0.2/32 1"], changes.OrderBy(c => c.Prefix).Select(c => $"{c.Prefix} {c.Hops.Length}"));
        Assert.Empty(_importer.Configure([]));
        Assert.Empty(_importer.RoutesOf("red"));
    }

    private static Evpn To(int last, int host = 1) => new() { Prefix = $"10.0.0.{last}/32", Host = host };

    private string Used() => string.Join(' ', _importer.RoutesOf("red").Keys.Order().Select(p => p.Address.IPv4Value & 255));

    [Fact]
    public void MoreRoutesThanAVrfMayHave_AreHeld_WhileThoseItHasStay_AndComeInTheirOrder()
    {
        _importer.Configure([Evpn.Vrf("red", 100, 100) with { MostRoutes = 2 }, Evpn.Vrf("green", 101, 101)]);
        Learn(To(8), To(9));
        Learn(To(3), To(2), To(1), To(8, host: 2), To(5) with { Vni = 101, Targets = [101] });
        Assert.Equal("8 9", Used());
        Assert.Equal(2, _importer.RoutesOf("red")[IpPrefix.Parse("10.0.0.8/32")].Length);
        Assert.Single(_importer.RoutesOf("green"));
        Assert.Contains("spec.limits.routes", Reason(To(1)), StringComparison.Ordinal);
        Assert.Null(Reason(To(9)));
        Forget(To(9), To(2));
        Assert.Equal("1 8", Used());
        Forget(To(8));
        Assert.Equal("1 8", Used());
        Forget(To(8, host: 2));
        Assert.Equal("1 3", Used());
        Assert.Null(Reason(To(3)));
    }

    [Fact]
    public void ALimitThatIsLowered_TakesNothingAway_AndOneThatIsRaised_LetsTheOthersIn()
    {
        _importer.Configure([Evpn.Vrf("red", 100, 100)]);
        Learn(To(1), To(2), To(3));
        Assert.Empty(_importer.Configure([Evpn.Vrf("red", 100, 100) with { MostRoutes = 1 }]));
        Learn(To(4));
        Forget(To(1));
        Assert.Equal("2 3", Used());
        _importer.Configure([Evpn.Vrf("red", 100, 100) with { MostRoutes = 3 }]);
        Assert.Equal("2 3 4", Used());
        Forget(To(2), To(3), To(4));
        Assert.Empty(_importer.RoutesOf("red"));
        Assert.Empty(_importer.HopsOf("red"));
    }

    /// <summary>The tables depend on the paths and VRFs that there are, not on how these came about; and what was said adds up to them.</summary>
    [Fact]
    public void Result_FollowsState_NotHistory()
    {
        Gen<Evpn> route = Gen.Select(Gen.Int[1, 4], Gen.Int[1, 3], Gen.Int[0, 3], Gen.Int[0, 2], Gen.Int[0, 5], (host, last, target, sequence, odd) => new Evpn
        {
            Host = host,
            Prefix = $"10.0.0.{last}/32",
            Targets = target == 3 ? [100, 101] : [100 + (uint)target],
            Sequence = sequence == 0 ? null : (uint)sequence,
            // One in six bears the MAC of another host, or none.
            RouterMac = odd switch { 0 => Evpn.Mac(1).ToString(), 1 => "", _ => null },
        });
        Gen<ImportingVrf[]> vrfs = Gen.Select(Gen.Bool, Gen.Bool, Gen.Bool, (red, green, wide) =>
            ((ImportingVrf?[])[red ? Evpn.Vrf("red", 100, wide ? [100, 101] : [100]) : null, green ? Evpn.Vrf("green", 100, 101, 102) : null]).OfType<ImportingVrf>().ToArray());
        Gen<Action<Model>> step = Gen.Frequency(
            (4, route.Select(r => (Action<Model>)(m => m.Announce(r)))), (2, route.Select(r => (Action<Model>)(m => m.Withdraw(r)))), (1, vrfs.Select(v => (Action<Model>)(m => m.Configure(v)))));
        step.Array[0, 40].Sample(steps =>
        {
            Model model = new();
            foreach (Action<Model> s in steps) s(model);
            model.Check();
        });
    }

    private sealed class Model
    {
        private readonly VrfImporter _importer = new(Evpn.Vtep(200), Evpn.Mac(200));
        private readonly Dictionary<Nlri, RouteChange> _paths = [];
        private readonly Dictionary<(string, IpPrefix), ImmutableArray<TunnelHop>> _told = [];
        private ImportingVrf[] _vrfs = [];

        public void Announce(Evpn route)
        {
            _paths[route.Nlri] = route.Announced();
            Note(_importer.Apply([_paths[route.Nlri]]));
        }

        public void Withdraw(Evpn route)
        {
            _paths.Remove(route.Nlri);
            Note(_importer.Apply([route.Withdrawn()]));
        }

        public void Configure(ImportingVrf[] vrfs)
        {
            foreach (ImportingVrf gone in _vrfs.Where(old => vrfs.All(v => v.Name != old.Name)))
                foreach ((string, IpPrefix) key in _told.Keys.Where(k => k.Item1 == gone.Name).ToArray()) _told.Remove(key);
            _vrfs = vrfs;
            Note(_importer.Configure(vrfs));
        }

        public void Check()
        {
            VrfImporter fresh = new(Evpn.Vtep(200), Evpn.Mac(200));
            fresh.Configure(_vrfs);
            fresh.Apply(_paths.Values);
            foreach (ImportingVrf vrf in _vrfs)
            {
                Assert.Equal(Text(fresh.RoutesOf(vrf.Name)), Text(_importer.RoutesOf(vrf.Name)));
                Assert.Equal(Text(fresh.RoutesOf(vrf.Name)), Text(_told.Where(t => t.Key.Item1 == vrf.Name).ToDictionary(t => t.Key.Item2, t => t.Value)));
            }
            Assert.Equal(Rows(fresh), Rows(_importer));
        }

        private void Note(IReadOnlyList<VrfRouteChange> changes)
        {
            foreach (VrfRouteChange c in changes)
            {
                if (c.Hops.IsEmpty) Assert.True(_told.Remove((c.Vrf, c.Prefix)));
                else _told[(c.Vrf, c.Prefix)] = c.Hops;
            }
        }

        private static string Text(IReadOnlyDictionary<IpPrefix, ImmutableArray<TunnelHop>> routes) =>
            string.Join('\n', routes.OrderBy(r => r.Key).Select(r => $"{r.Key} {string.Join(' ', r.Value)}"));

        private static string Rows(VrfImporter importer) =>
            string.Join('\n', importer.Rows().Select(r => $"{r.Vrf} {r.Prefix} {r.Path.Vtep} {r.Reason}").Order(StringComparer.Ordinal));
    }
}
