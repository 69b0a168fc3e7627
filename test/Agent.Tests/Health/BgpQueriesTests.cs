using System.Text.Json;
using Margay.Agent.Health;
using Margay.Api.Attach;
using Margay.Bgp;
using Margay.Bgp.Wire;
using Margay.Core.Net;

namespace Margay.Agent.Tests.Health;

/// <summary>What <c>margay bgp explain</c> says, as text and for scripts.</summary>
public class BgpQueriesTests
{
    private static readonly IpPrefix s_prefix = IpPrefix.Parse("10.65.0.0/26");

    private static RouteRow Row(string peer, bool best, string reason) => new(
        s_prefix, peer, 0, new PathAttributesBuilder().SetNextHop(InetAddress.Parse("192.0.2.1")).SetAsPath(AsPath.Sequence(65001)).SetMed(7).SetCommunities([new Community(65001, 42)]).Build(), best, false, reason)
    {
        Since = DateTimeOffset.UnixEpoch,
    };

    private static QueryReply Ask(Dataplane.RouteRow? kernel, params RouteRow[] rows)
    {
        RouteExplanation explanation = new(s_prefix, [.. rows], ["leaf-2"], [("leaf-1", "the best path came from it")]);
        return BgpQueries.Reply(new Table("RANK", "PEER", "NEXT HOP", "AS PATH", "REASON", "ORIGIN", "LOCAL PREF", "MED", "COMMUNITIES", "LARGE COMMUNITIES", "PATH ID", "STALE", "SINCE"),
            s_prefix, explanation, BgpQueries.Installed(explanation, kernel));
    }

    [Fact]
    public void Candidates_HaveTheirReasonsAndAttributes_ForScriptsToo()
    {
        QueryReply reply = Ask(new Dataplane.RouteRow("10.65.0.0/26", "bgp", "192.0.2.1", null), Row("leaf-1", true, "best"), Row("leaf-3", false, "loses: lower LOCAL_PREF"));
        Assert.Equal(["1", "leaf-1", "192.0.2.1", "65001", "best", "igp", "", "7", "65001:42", "", "0", "no", "1970-01-01T00:00:00Z"], reply.Rows![0]);
        Assert.Equal("installed: yes, via 192.0.2.1\nadvertised to: leaf-2\nnot to leaf-1: the best path came from it\n", reply.Text);
        JsonElement json = reply.Json!.Value;
        Assert.Equal("10.65.0.0/26", json.GetProperty("prefix").GetString());
        Assert.Equal("loses: lower LOCAL_PREF", json.GetProperty("candidates")[1].GetProperty("reason").GetString());
        Assert.Equal("leaf-1", json.GetProperty("notAdvertisedTo")[0].GetProperty("peer").GetString());
    }

    [Theory]
    [InlineData("leaf-1", true, null, "no: not yet given to the kernel")]
    [InlineData("leaf-1", true, "no next hop can be reached", "no: no next hop can be reached")]
    [InlineData("leaf-1", false, null, "no: no path is usable")]
    [InlineData("", true, null, "no: it is our own, the kernel has what lies in it")]
    public void NotInstalled_SaysWhy(string peer, bool best, string? reason, string said) =>
        Assert.StartsWith($"installed: {said}\n", Ask(reason is null ? null : new Dataplane.RouteRow("10.65.0.0/26", "bgp", "", reason), Row(peer, best, "")).Text, StringComparison.Ordinal);
}
