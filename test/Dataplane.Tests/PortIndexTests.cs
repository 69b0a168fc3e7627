using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.Core.Net;
using Margay.Dataplane.Kernel.Filter;
using Margay.Netlink.NfTables;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Margay.Dataplane.Tests;

/// <summary>The index holds exactly the ports of the policies in use, whatever came and went before.</summary>
public sealed class PortIndexTests
{
    private static readonly FilterName Map = new(FilterFamily.Inet, "ingress-ports");

    [Fact]
    public async Task PolicyOfManyPorts_IsInTheIndex_AndLeavesIt()
    {
        FakeKernel kernel = new();
        await using DataplaneLoop loop = Start(kernel);
        await ApplyAsync(loop, Policy(80, 81, 82, 83));
        Assert.Equal(["", .. Keys(80, 81, 82, 83)], Elements(kernel));
        await ApplyAsync(loop, Policy(81, 82, 83, 90));
        Assert.Equal(["", .. Keys(81, 82, 83, 90)], Elements(kernel));
        await ApplyAsync(loop);
        Assert.Equal([""], Elements(kernel));
    }

    /// <summary>Four rules for ports in one family, fewer in the other, and one rule that the index cannot know.</summary>
    [Fact]
    public async Task FamiliesThatDiffer_ComeAndGo()
    {
        FakeKernel kernel = new();
        await using DataplaneLoop loop = Start(kernel);
        PolicyView uneven = Policy(80, 81, 82, 83);
        uneven = uneven with
        {
            Ingress = [.. uneven.Ingress.Select((r, i) => r with { Action = i % 2 == 0 ? RuleAction.Allow : RuleAction.Deny, IpVersion = i == 3 ? null : 4 }), new RuleView { Action = RuleAction.Deny, Index = 4, IpVersion = 4 }],
        };
        for (int i = 0; i < 3; i++)
        {
            await ApplyAsync(loop, uneven);
            Assert.NotEmpty(Elements(kernel));
            await ApplyAsync(loop, Policy(443));
        }
        Assert.Equal(["", .. Keys(443)], Elements(kernel));
    }

    private static PolicyView Policy(params int[] ports) => new()
    {
        Id = "GlobalNetworkPolicy/p", Tier = "default",
        Ingress = [.. ports.Select((p, i) => new RuleView
        {
            Action = i % 2 == 0 ? RuleAction.Allow : RuleAction.Deny, Index = i, Protocol = Protocol.Tcp, Destination = new SideView { Ports = [new PortRange((ushort)p, (ushort)p)] },
        })],
    };

    private static IEnumerable<string> Keys(params int[] ports) => ports.Select(p => NftValue.Concat(NftValue.Byte(6), NftValue.Port((ushort)p)).ToString());
    private static IEnumerable<string> Elements(FakeKernel kernel) => kernel.Tables.Elements(Map).Select(e => e.ToString()).Order(StringComparer.Ordinal);

    private static DataplaneLoop Start(FakeKernel kernel)
    {
        kernel.AddLink("mga", 5, "margay:default/ns/a");
        DataplaneLoop loop = new(new DataplaneOptions(), kernel, _ => { }, new FakeTimeProvider(), NullLogger.Instance);
        loop.Start();
        loop.TryPost(new EndpointAttached(new LocalEndpoint { Id = "default/ns/a", Interface = "mga", Addresses = [InetAddress.Parse("10.65.0.1")], Mac = new MacAddress(2) }));
        loop.TryPost(new EndpointsRestored());
        return loop;
    }

    private static async Task ApplyAsync(DataplaneLoop loop, params PolicyView[] policies)
    {
        await loop.PostAsync(new ViewChanged(new ViewDelta
        {
            Epoch = "e", Revision = 1, Snapshot = true, Policies = policies,
            Endpoints = [new EndpointView { Id = "default/ns/a", Revision = 1, Interface = "mga", Tiers = policies.Length == 0 ? [] : [new EndpointTier { Name = "default", IngressPolicies = [policies[0].Id] }] }],
        }), TestContext.Current.CancellationToken);
        DataplaneSnapshot state = await loop.InspectAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        Assert.Empty(state.Pending);
    }
}
