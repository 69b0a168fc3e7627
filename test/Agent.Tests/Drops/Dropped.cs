using Margay.Agent.Drops;
using Margay.Agent.Sync;
using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.Core.Net;
using Margay.Dataplane.Drops;

namespace Margay.Agent.Tests.Drops;

/// <summary>Dropped packets as examples.</summary>
internal static class Dropped
{
    internal static readonly DropSite Rule = new(PolicyType.Ingress, DropKind.Rule, "GlobalNetworkPolicy/guard", 3);

    internal static DroppedPacket Packet(DropSite? site = null, string? input = "up0", string? output = "mga", NetworkName? network = null) => new(
        network ?? NetworkName.Default, site ?? Rule,
        new PacketHeaders(InetAddress.Parse("10.65.0.1"), InetAddress.Parse("10.65.0.2"), Protocol.Tcp) { SourcePort = 40000, DestinationPort = 22 }, input, output);

    internal static DropRecord Record(string endpoint = "default/blue/db", DropSite? site = null) =>
        new() { Time = DateTimeOffset.UnixEpoch, Packet = Packet(site), Endpoint = endpoint, Site = site ?? Rule };

    internal static Connection ConnectionTo(params EndpointView[] endpoints) => new()
    {
        View = HeldView.Empty.Apply(new ViewDelta { Epoch = "e", Revision = 1, Snapshot = true, Endpoints = endpoints }),
    };
}
