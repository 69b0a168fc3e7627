using Margay.Api.NodeSync;
using Margay.Core.Net;
using Margay.Dataplane;
using Margay.Dataplane.Drivers;
using Margay.Dataplane.Kernel;
using Margay.Dataplane.Kernel.Filter;
using Margay.Netlink.NfTables;
using Margay.Netlink.Sockets;

namespace Margay.Interop.Dataplane;

/// <summary>What this kernel really refuses does not hold up the rest, and is closed.</summary>
public sealed class QuarantineTests
{
    private static readonly InetAddress s_host = InetAddress.Parse("203.0.113.1");
    private static readonly FilterRule s_accept = new("ok", FilterVerdict.Accept);

    /// <summary>A log prefix has at most 127 bytes.</summary>
    private static readonly FilterRule s_refused = new("logs", new FilterLog(1, new string('x', 300)));

    /// <summary>The kernel counts no packets at a rate of none; the server would not admit it, a view may still say so.</summary>
    [Fact]
    public async Task LimitThatIsRefused_HoldsNobodyUp_AndIsTold()
    {
        await using TestHost host = new();
        await host.StartEmptyAsync();
        Workload a = await host.AddWorkloadAsync("a"), b = await host.AddWorkloadAsync("b");
        Task Apply(uint rate) => host.PostViewAsync(host.View with
        {
            Profiles = [Rules.AllowAllProfile], Endpoints = [a.View([]) with { Revision = 1 + rate, Qos = new QosView { EgressPacketRate = new PacketRateView(rate, 5) } }, b.View([]) with { Revision = 1 + rate }],
        });
        await Apply(0);
        await host.WaitProgrammedAsync(a, b);
        Assert.True(await Traffic.ConnectsAsync(b.Namespace, a.Namespace, a.V4, 80));
        DataplaneSnapshot state = await host.Loop.InspectAsync();
        Assert.Equal(1, state.Counters.Refused);
        Assert.Contains(state.Pending, p => p.StartsWith("chain inet le-test.a-", StringComparison.Ordinal) && p.Contains("EINVAL", StringComparison.Ordinal));

        // Defined anew it is tried at once.
        await Apply(1000);
        await Eventually.TrueAsync(() => host.Loop.InspectAsync().GetAwaiter().GetResult() is { Pending.Count: 0, Counters.Refused: 0 }, TimeSpan.FromSeconds(10), host.Ruleset);
        Assert.Contains("limit rate over 1000/second", host.Ruleset(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("none", true)]
    [InlineData("chain", false)]
    [InlineData("set", false)]
    public async Task Refused_Drops(string what, bool arrives)
    {
        await using TestHost host = new();
        await host.StopAsync();
        using NetlinkKernel kernel = new(host.Options, host.Namespace);
        FilterTables tables = new(kernel, "quarantine");
        // Ranges must not overlap. "Not in it" would let everything pass if it were empty.
        tables.SetSet(new FilterSet(FilterFamily.Inet, "known", [FilterField.SourceV4], Interval: true));
        tables.SetElements(new FilterName(FilterFamily.Inet, "known"), what == "set" ? [Range(1, 5), Range(3, 8)] : [Range(1, 5)]);
        FilterRule unknown = new("unknown", new FilterLookup(FilterField.SourceV4, "known", negate: true), FilterVerdict.Accept);
        tables.SetChain(new FilterChain(FilterFamily.Inet, "policy", null, what == "chain" ? [s_refused, unknown] : [unknown]));
        tables.SetChain(new FilterChain(FilterFamily.Inet, "other", null, [s_accept]));
        tables.SetChain(new FilterChain(FilterFamily.Inet, "in", new FilterBase(FilterHook.Input, 0), [new FilterRule("jump", FilterVerdict.Jump("policy"))]));
        NetlinkResult last = default;
        for (int attempt = 0; attempt < 5 && !tables.InSync; attempt++)
        {
            tables.Resync().ThrowIfFailed();
            while (!tables.InSync && (last = tables.Apply(tables.Plan())).Ok)
            {
            }
        }
        Assert.True(tables.InSync, last.ToString());
        Assert.Equal(what == "none" ? [] : [$"{what} inet {(what == "set" ? "known" : "policy")}"], tables.Refused.Select(r => r.What));
        Assert.Equal(arrives, await Traffic.ArrivesAsync(host.Namespace, host.Namespace, s_host, 9));
        Assert.Contains("chain other", host.Ruleset(), StringComparison.Ordinal);
    }

    private static FilterElementKey Range(byte from, byte to) => new(NftValue.FromBytes([192, 0, 2, from]), NftValue.FromBytes([192, 0, 2, to]));
}
