using Margay.Agent.Sync;
using Margay.Api.Resources;

namespace Margay.Agent.Tests.Sync;

public class NodeRegistrationTests
{
    private static readonly NodeIdentity s_detected = new("n1", "192.0.2.1/24", false, null, false, new Dictionary<string, string> { ["rack"] = "1" }, "1.0");

    [Fact]
    public void AMissingNode_IsMadeFromWhatIsKnown()
    {
        Node node = NodeRegistration.Merge(null, s_detected);
        Assert.Equal("192.0.2.1/24", node.Spec.Bgp!.Ipv4Address);
        Assert.Equal(new NodeAddress { Address = "192.0.2.1", Type = "CalicoNodeIP" }, Assert.Single(node.Spec.Addresses!));
        Assert.Equal("1", node.Metadata.Labels!["rack"]);
    }

    [Fact]
    public void WhatAManifestSays_IsKept()
    {
        Node node = NodeRegistration.Merge(new Node
        {
            Metadata = new ObjectMeta { Name = "n1", Labels = new Dictionary<string, string> { ["zone"] = "a", ["rack"] = "0" } },
            Spec = new NodeSpec
            {
                Bgp = new NodeBgpSpec { AsNumber = new AsNumber(65001), Ipv4Address = "198.51.100.1/31", RouteReflectorClusterID = "1.1.1.1" },
                Addresses = [new NodeAddress { Address = "203.0.113.1", Type = "ExternalIP" }],
            },
        }, s_detected);
        Assert.Equal(new NodeBgpSpec { AsNumber = new AsNumber(65001), Ipv4Address = "198.51.100.1/31", RouteReflectorClusterID = "1.1.1.1" }, node.Spec.Bgp);
        Assert.Equal(["198.51.100.1", "203.0.113.1"], node.Spec.Addresses!.Select(a => a.Address!));
        Assert.Equal(("a", "1"), (node.Metadata.Labels!["zone"], node.Metadata.Labels["rack"]));
    }

    [Fact]
    public void WhatTheOperatorGives_Wins()
    {
        Node existing = new() { Spec = new NodeSpec { Bgp = new NodeBgpSpec { Ipv4Address = "198.51.100.1/31" } } };
        Assert.Equal("192.0.2.1/24", NodeRegistration.Merge(existing, s_detected with { Ipv4IsGiven = true }).Spec.Bgp!.Ipv4Address);
    }
}
