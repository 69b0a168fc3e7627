using Margay.Api.NodeSync;
using Margay.Core.Net;
using Margay.Dataplane.Drivers;
using Margay.Dataplane.Managers;
using Margay.Netlink.Conntrack;

namespace Margay.Dataplane.Tests;

/// <summary>What a pool that is not translated any more leaves behind in connection tracking.</summary>
public sealed class PoolTests
{
    private static readonly InetAddress s_host = InetAddress.Parse("192.0.2.1"), s_there = InetAddress.Parse("198.51.100.9");

    [Theory]
    [InlineData("10.1.0.0/16 10.2.0.0/16", "10.2.0.0/16", "10.1.0.1>192.0.2.1")]
    [InlineData("10.1.0.0/16 10.2.0.0/16", "", "10.1.0.1>192.0.2.1 10.2.0.1>192.0.2.1")]
    [InlineData("10.1.0.0/16", "10.1.0.0/16 10.2.0.0/16", "")]
    [InlineData("", "10.1.0.0/16", "")]
    public void OnlyTranslatedConnections_OfWhatLostTheFlag_AreForgotten(string before, string now, string cut)
    {
        FakeKernel kernel = new();
        PoolManager pools = new(new FilterTables(kernel, "margay"), kernel);
        pools.Apply([.. Of(before)]);
        foreach ((string source, InetAddress seen) in ((string, InetAddress)[])[("10.1.0.1", s_host), ("10.2.0.1", s_host), ("10.1.0.2", InetAddress.Parse("10.1.0.2")), ("172.17.0.2", s_host)])
            kernel.Flows.Add(new ConntrackFlow { Original = new ConntrackTuple(InetAddress.Parse(source), s_there, 17, 5000, 53), Reply = new ConntrackTuple(s_there, seen, 17, 53, 6000) });
        ConntrackFlow[] all = [.. kernel.Flows];
        Assert.True(pools.CutUntranslated().Ok);
        Assert.Equal(all, kernel.Flows);
        pools.Apply([.. Of(now)]);
        Assert.True(pools.CutUntranslated().Ok);
        string gone = string.Join(' ', all.Except(kernel.Flows).Select(f => $"{f.Original.Source}>{f.Reply.Destination}"));
        Assert.Equal((cut, (long)cut.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length), (gone, pools.Cut));
    }

    private static IEnumerable<PoolView> Of(string prefixes) => prefixes.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(p => new PoolView { Name = p, Cidr = p, NatOutgoing = true });
}
