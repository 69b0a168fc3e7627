using Margay.Api.Resources;
using Margay.Core.Net;

namespace Margay.CalcGraph.Nodes;

/// <summary>
/// Addresses and ports behind services, out of endpoint slices. All of them count, ready or not, as in Calico: a connection to one that is about to stop must not be cut.
/// They are of the default network; selectors by labels do not see them.
/// </summary>
internal sealed class ServiceCalculator(LabelIndex labels, AddressTable table)
{
    private readonly Dictionary<ObjectKey, AddressHolder> _slices = [];

    /// <summary>Adds, replaces or removes (null, or a slice that belongs to no service).</summary>
    public void Set(ObjectKey key, EndpointSlice? slice)
    {
        if (slice?.Metadata.Labels?.GetValueOrDefault(EndpointSlice.ServiceLabel) is not { Length: > 0 } service)
        {
            if (_slices.Remove(key, out AddressHolder? gone)) table.Remove(gone);
            return;
        }
        LabelClass c = labels.Acquire(new ClassIdentity("default", Namespace: null, ServiceAccount: null, Profiles: [], Service: $"{key.Namespace}/{service}"), []);
        MemberKey[] addresses = AddressesOf(slice);
        NamedPort[] ports = PortsOf(slice);
        if (_slices.TryGetValue(key, out AddressHolder? existing))
        {
            if (existing.Class != c || !existing.Addresses.AsSpan().SequenceEqual(addresses) || !existing.Ports.AsSpan().SequenceEqual(ports))
                table.Change(existing, c, addresses, ports);
            return;
        }
        _slices[key] = existing = new AddressHolder { Class = c, Labels = [], Addresses = addresses, Ports = ports };
        table.Add(existing);
    }

    private static MemberKey[] AddressesOf(EndpointSlice slice)
    {
        HashSet<MemberKey> addresses = [];
        foreach (string text in (slice.Endpoints ?? []).SelectMany(e => e.Addresses ?? []))
        {
            // Names (FQDN) are no addresses.
            if (InetAddress.TryParse(text, out InetAddress address)) addresses.Add(MemberKey.Of(IpPrefix.Host(address)));
        }
        return [.. addresses];
    }

    private static NamedPort[] PortsOf(EndpointSlice slice) =>
    [
        .. (slice.Ports ?? [])
            .Where(p => p.Port is >= 1 and <= ushort.MaxValue && (p.Protocol is null || p.Protocol.Value.Number is not null))
            .Select(p => new NamedPort(RuleResolver.AnyPort, p.Protocol?.Number ?? Protocol.Tcp, ushort.CreateChecked(p.Port!.Value)))
            .Distinct(),
    ];
}
