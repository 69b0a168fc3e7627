using System.Diagnostics.CodeAnalysis;

namespace Margay.Core.Net;

/// <summary>Addresses of one family from a first to a last one, both included. Written as a prefix (10.0.0.0/28), as two addresses (10.0.0.1-10.0.0.9), or as one (10.0.0.1).</summary>
public readonly record struct AddressRange
{
    private AddressRange(InetAddress first, InetAddress last) => (First, Last) = (first, last);

    public AddressRange(IpPrefix prefix) : this(prefix.Address, prefix.Last)
    {
    }

    public InetAddress First { get; }
    public InetAddress Last { get; }

    public bool IsIPv6 => First.IsIPv6;

    /// <summary>False: neither a prefix without host bits nor two addresses of one family in order.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out AddressRange range)
    {
        range = default;
        if (text is null) return false;
        int dash = text.IndexOf('-', StringComparison.Ordinal);
        if (dash < 0)
        {
            if (!IpPrefix.TryParse(text, out IpPrefix prefix)) return false;
            range = new AddressRange(prefix);
            return true;
        }
        if (!InetAddress.TryParse(text.AsSpan(0, dash), null, out InetAddress first) || !InetAddress.TryParse(text.AsSpan(dash + 1), null, out InetAddress last)) return false;
        if (first.IsIPv6 != last.IsIPv6 || first > last) return false;
        range = new AddressRange(first, last);
        return true;
    }

    public bool Contains(InetAddress address) => address.IsIPv6 == IsIPv6 && address >= First && address <= Last;

    public bool Contains(IpPrefix prefix) => Contains(prefix.Address) && Contains(prefix.Last);

    /// <summary>The same addresses in ranges that are apart and in order.</summary>
    public static IReadOnlyList<AddressRange> Merge(IEnumerable<AddressRange> ranges)
    {
        List<AddressRange> merged = [];
        foreach (AddressRange range in ranges.OrderBy(r => r.First).ThenBy(r => r.Last))
        {
            // The last address of all has no next one.
            if (merged.Count == 0 || merged[^1] is var last && (last.IsIPv6 != range.IsIPv6 || (range.First > last.Last && Offset(range.First) != Offset(last.Last) + 1))) merged.Add(range);
            else if (range.Last > last.Last) merged[^1] = new AddressRange(last.First, range.Last);
        }
        return merged;
    }

    /// <summary>The part of the range that lies in a prefix, or null.</summary>
    public AddressRange? Within(IpPrefix prefix)
    {
        if (IsIPv6 != prefix.IsIPv6 || First > prefix.Last || Last < prefix.Address) return null;
        return new AddressRange(First > prefix.Address ? First : prefix.Address, Last < prefix.Last ? Last : prefix.Last);
    }

    /// <summary>How many addresses it has; 2^128, one more than can be said, as one less.</summary>
    public UInt128 Count => Offset(Last) - Offset(First) is var more && more == UInt128.MaxValue ? more : more + 1;

    private static UInt128 Offset(InetAddress address) => address.IsIPv6 ? address.Bits : address.IPv4Value;

    public override string ToString() => First == Last ? First.ToString() : $"{First}-{Last}";
}
