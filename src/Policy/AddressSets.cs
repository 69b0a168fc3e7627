using System.Globalization;
using Margay.Api.NodeSync;
using Margay.Core.Net;

namespace Margay.Policy;

/// <summary>
/// The sets that rules refer to, as a view gives them, for lookup by address. A set that is not known has no members. Owned by whoever feeds it; not
/// safe for use while being changed.
/// </summary>
public sealed class AddressSets
{
    private readonly Dictionary<string, Members> _sets = [];

    public static AddressSets From(IEnumerable<IpSetView> sets)
    {
        AddressSets result = new();
        foreach (IpSetView set in sets) result.Set(set);
        return result;
    }

    /// <summary>Adds a set or replaces all of it.</summary>
    public void Set(IpSetView view)
    {
        Members members = new(view.Type, view.Origin);
        foreach (string member in view.Members) members.Add(member);
        _sets[view.Id] = members;
    }

    public void Change(IpSetChange change)
    {
        if (!_sets.TryGetValue(change.Id, out Members? members)) return;
        foreach (string member in change.Added ?? []) members.Add(member);
        foreach (string member in change.Removed ?? []) members.Remove(member);
    }

    public void Remove(string id) => _sets.Remove(id);

    public bool Contains(string id, InetAddress address) => _sets.TryGetValue(id, out Members? set) && set.Contains(address);

    public bool Contains(string id, InetAddress address, byte protocol, ushort port) =>
        _sets.TryGetValue(id, out Members? set) && set.Ports.Contains((address, protocol, port));

    /// <summary>The set in words: the selector that makes it, or its id.</summary>
    public string Describe(string id) => _sets.TryGetValue(id, out Members? set) ? set.Origin ?? id : $"{id} (unknown)";

    private sealed class Members(IpSetType type, string? origin)
    {
        public string? Origin => origin;
        public HashSet<(InetAddress Address, byte Protocol, ushort Port)> Ports { get; } = [];

        // By family and length: a lookup asks once for each length in use.
        private readonly Dictionary<(bool V6, int Length), HashSet<InetAddress>> _nets = [];

        public void Add(string member)
        {
            if (type == IpSetType.IpPorts)
            {
                Ports.Add(ParsePort(member));
                return;
            }
            IpPrefix net = IpPrefix.Parse(member);
            if (!_nets.TryGetValue((net.IsIPv6, net.Length), out HashSet<InetAddress>? bucket))
                _nets[(net.IsIPv6, net.Length)] = bucket = [];
            bucket.Add(net.Address);
        }

        public void Remove(string member)
        {
            if (type == IpSetType.IpPorts)
            {
                Ports.Remove(ParsePort(member));
                return;
            }
            IpPrefix net = IpPrefix.Parse(member);
            if (!_nets.TryGetValue((net.IsIPv6, net.Length), out HashSet<InetAddress>? bucket)) return;
            bucket.Remove(net.Address);
            if (bucket.Count == 0) _nets.Remove((net.IsIPv6, net.Length));
        }

        public bool Contains(InetAddress address)
        {
            foreach (((bool v6, int length), HashSet<InetAddress> bucket) in _nets)
            {
                if (v6 == address.IsIPv6 && bucket.Contains(new IpPrefix(address, length).Address)) return true;
            }
            return false;
        }

        private static (InetAddress, byte, ushort) ParsePort(string member)
        {
            string[] parts = member.Split(',');
            return (InetAddress.Parse(parts[0]), byte.Parse(parts[1], CultureInfo.InvariantCulture), ushort.Parse(parts[2], CultureInfo.InvariantCulture));
        }
    }
}
