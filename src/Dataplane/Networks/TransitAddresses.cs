using Margay.Core.Net;

namespace Margay.Dataplane.Networks;

/// <summary>A network's two addresses on its leg of this host.</summary>
public readonly record struct TransitPair(InetAddress V4, InetAddress V6);

/// <summary>
/// Gives each network with a leg addresses of its own, which it keeps while it has the leg: connections through it name them. Both are one number in their ranges. Owned by the dataplane's loop.
/// </summary>
internal sealed class TransitAddresses(IpPrefix v4, IpPrefix v6)
{
    private readonly Dictionary<NetworkName, uint> _numbers = [];
    private readonly HashSet<uint> _taken = [];

    // Neither the first nor the last of the range: some take them for the range's own and its broadcast address.
    private readonly uint _last = (uint)(Math.Min(1L << (32 - v4.Length), int.MaxValue) - 2);

    /// <summary>Null when all are given.</summary>
    public TransitPair? Of(NetworkName network)
    {
        if (_numbers.TryGetValue(network, out uint number)) return Pair(number);
        for (number = 1; number <= _last; number++)
        {
            if (!_taken.Add(number)) continue;
            _numbers[network] = number;
            return Pair(number);
        }
        return null;
    }

    /// <summary>A leg with this address was found: it keeps it, unless another network has it or it is out of range.</summary>
    public void Keep(NetworkName network, InetAddress found)
    {
        if (!v4.Contains(found) || _numbers.ContainsKey(network)) return;
        uint number = found.IPv4Value - v4.Address.IPv4Value;
        if (number >= 1 && number <= _last && _taken.Add(number)) _numbers[network] = number;
    }

    public void Release(NetworkName network)
    {
        if (_numbers.Remove(network, out uint number)) _taken.Remove(number);
    }

    private TransitPair Pair(uint number) => new(v4.Address.Add(number), v6.Address.Add(number));
}
