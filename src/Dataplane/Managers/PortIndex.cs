using Margay.Api.Resources;
using Margay.Dataplane.Drivers;
using Margay.Dataplane.Kernel.Filter;
using Margay.Netlink.NfTables;

namespace Margay.Dataplane.Managers;

// Which policies and rules a packet can concern at all, by one lookup of its protocol and destination port:
//
//   bit 31 ........ 20 19 .................... 0
//       rules          policies                     egress-ports, ingress-ports: (protocol . port) ─► bits; no entry: none
//
// A list of policies looks once; then it jumps only to policies whose bit is set, and these try only rules whose bit is set. Bits are shared (a policy's follows from its name,
// a rule's from its place), so a set bit means "perhaps": the rule still says all that it asks for. One policy's ports are in the map once, however many lists name it, so a
// change of a policy costs its own ports.

/// <summary>Keeps the map of one direction. Owned by the dataplane's loop.</summary>
internal sealed class PortIndex(FilterTables tables, PolicyType direction)
{
    public const int PolicyBits = 20, RuleBits = 12;

    private readonly FilterName _map = new(FilterFamily.Inet, ChainNames.Ports(direction));
    private readonly Dictionary<(byte Protocol, ushort Port), Dictionary<string, uint>> _claims = [];
    private readonly Dictionary<string, IReadOnlyDictionary<(byte Protocol, ushort Port), uint>> _bySource = [];

    /// <summary>The lookup with which a list begins.</summary>
    public FilterRule Question { get; } = new("who names this port", new FilterMapToPriority([FilterField.TransportProtocol, FilterField.DestinationPort], ChainNames.Ports(direction)));

    /// <summary>The bit of a policy. Of its name alone, so that it is the same after a restart and in any order of events.</summary>
    public static uint PolicyBit(string chain)
    {
        // FNV-1a, 32 bits.
        uint hash = 2166136261;
        foreach (char c in chain) hash = (hash ^ c) * 16777619;
        return 1u << (int)(hash % PolicyBits);
    }

    /// <summary>The bit of the rule at this place among those that are indexed.</summary>
    public static uint RuleBit(int place) => 1u << (PolicyBits + place % RuleBits);

    /// <summary>Replaces what a policy claims: at least one bit for each port.</summary>
    public void Set(string source, IReadOnlyDictionary<(byte Protocol, ushort Port), uint> claims)
    {
        IReadOnlyDictionary<(byte Protocol, ushort Port), uint> before = _bySource.GetValueOrDefault(source, new Dictionary<(byte, ushort), uint>());
        foreach (((byte Protocol, ushort Port) key, uint bits) in claims)
        {
            if (before.TryGetValue(key, out uint had) && had == bits) continue;
            if (bits == 0) throw new ArgumentException($"{source} claims {key} without a bit", nameof(claims));
            if (!_claims.TryGetValue(key, out Dictionary<string, uint>? claimants)) _claims[key] = claimants = [];
            claimants[source] = bits;
            Write(key, claimants);
        }
        foreach ((byte Protocol, ushort Port) key in before.Keys)
        {
            if (claims.ContainsKey(key)) continue;
            _claims[key].Remove(source);
            Write(key, _claims[key]);
        }
        if (claims.Count > 0) _bySource[source] = claims;
        else _bySource.Remove(source);
    }

    private void Write((byte Protocol, ushort Port) key, Dictionary<string, uint> claimants)
    {
        NftValue element = NftValue.Concat(NftValue.Byte(key.Protocol), NftValue.Port(key.Port));
        uint bits = 0;
        foreach (uint claimed in claimants.Values) bits |= claimed;
        if (bits != 0)
        {
            tables.SetElement(_map, element, new FilterElementData(bits));
            return;
        }
        _claims.Remove(key);
        tables.RemoveElement(_map, element);
    }
}
