using Margay.Api.NodeSync;
using Margay.Dataplane;

namespace Margay.Interop.Dataplane;

/// <summary>What is not known to be allowed is dropped: before, between and after.</summary>
public class FailClosedTests
{
    [Fact]
    public async Task BeforeAnythingIsKnown_WorkloadLinksAreClosed()
    {
        await using TestHost host = new();
        Workload a = await host.AddWorkloadAsync("a", attach: false), b = await host.AddWorkloadAsync("b", attach: false);
        host.Ip($"route add {a.V4} dev {a.Endpoint.Interface}");
        host.Ip($"route add {b.V4} dev {b.Endpoint.Interface}");
        await host.Loop.InspectAsync();
        Assert.False(await Traffic.ConnectsAsync(a.Namespace, b.Namespace, b.V4, 80));
    }

    [Fact]
    public async Task WithoutPolicy_AnEndpointIsClosed_AndNotReported()
    {
        await using TestHost host = new();
        await host.StartEmptyAsync();
        Workload a = await host.AddWorkloadAsync("a"), b = await host.AddWorkloadAsync("b");
        await host.PostViewAsync(host.View with { Profiles = [Rules.AllowAllProfile], Endpoints = [a.View([])] });
        await host.WaitProgrammedAsync(a);
        Assert.DoesNotContain(host.Reports, r => r is EndpointProgrammed p && p.Id == b.Endpoint.Id);
        Assert.False(await Traffic.ConnectsAsync(a.Namespace, b.Namespace, b.V4, 80));
        Assert.False(await Traffic.ConnectsAsync(b.Namespace, a.Namespace, a.V4, 80));
        await host.ApplyAsync();
        await host.WaitProgrammedAsync(b);
        Assert.True(await Traffic.ConnectsAsync(a.Namespace, b.Namespace, b.V4, 80));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task MissingProfileOrPolicy_Denies(bool profile)
    {
        await using TestHost host = new();
        await host.StartEmptyAsync();
        Workload a = await host.AddWorkloadAsync("a"), b = await host.AddWorkloadAsync("b");
        PolicyView named = Rules.Ingress("not-there", Rules.Allow);
        await host.PostViewAsync(host.View with
        {
            Profiles = profile ? [] : [Rules.AllowAllProfile],
            Endpoints = profile ? [a.View([]), b.View([])] : [a.View([]), b.View([named])],
        });
        await host.WaitProgrammedAsync(a, b);
        Assert.False(await Traffic.ConnectsAsync(a.Namespace, b.Namespace, b.V4, 80));
    }

    [Fact]
    public async Task AfterTheAgentDied_PolicyStays()
    {
        await using TestHost host = new();
        await host.StartEmptyAsync();
        Workload a = await host.AddWorkloadAsync("a"), b = await host.AddWorkloadAsync("b");
        await host.ApplyAsync(Rules.Ingress("port", Rules.Allow.Tcp(80)));
        await host.WaitProgrammedAsync(a, b);
        await host.StopAsync();
        Assert.True(await Traffic.ConnectsAsync(a.Namespace, b.Namespace, b.V4, 80));
        Assert.False(await Traffic.ConnectsAsync(a.Namespace, b.Namespace, b.V4, 81));
        Workload c = await host.AddWorkloadAsync("c", attach: false);
        host.Ip($"route add {c.V4} dev {c.Endpoint.Interface}");
        Assert.False(await Traffic.ConnectsAsync(c.Namespace, b.Namespace, b.V4, 80));
    }

    [Fact]
    public async Task AfterDetach_TheAddressIsUnreachable_AndNothingOfItIsLeft()
    {
        await using TestHost host = new();
        await host.StartEmptyAsync();
        Workload a = await host.AddWorkloadAsync("a"), b = await host.AddWorkloadAsync("b");
        await host.ApplyAsync();
        await host.WaitProgrammedAsync(a, b);
        await host.DetachAsync(b.Endpoint);
        Assert.Contains(host.Reports, r => r is EndpointRemoved e && e.Id == b.Endpoint.Id);
        Assert.DoesNotContain(b.Endpoint.Interface, host.Ruleset(), StringComparison.Ordinal);
        Assert.DoesNotContain(b.V4.ToString(), host.IpText("route show"), StringComparison.Ordinal);
        Assert.False(await Traffic.ConnectsAsync(a.Namespace, b.Namespace, b.V4, 80));
        await host.Links.RemoveAsync(b.Endpoint.Interface, b.Endpoint.Id);
        Assert.False(host.Links.Exists(b.Endpoint.Interface, b.Endpoint.Id));
    }
}
