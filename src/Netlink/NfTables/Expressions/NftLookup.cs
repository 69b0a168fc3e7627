using Margay.Netlink.Sockets;
using static Margay.Netlink.Constants.LinuxNfTables;

namespace Margay.Netlink.NfTables.Expressions;

/// <summary>
/// Looks a register up in a set: the rule ends when it is not there, or inverted when it is. With <see cref="Destination"/>, in a map: what it maps to is
/// loaded there; a verdict map's into <see cref="NftRegister.Verdict"/>.
/// </summary>
public sealed record NftLookup(string Set) : NftExpression
{
    public NftRegister Source { get; init; } = NftRegister.R1;
    public NftRegister? Destination { get; init; }
    public bool Invert { get; init; }

    /// <summary>The number of an anonymous set within its batch (<see cref="NftSet.Id"/>), as long as the kernel has not named it. Never read back.</summary>
    public uint SetId { get; init; }

    public override string Kind => "lookup";

    /// <summary>In a set that <see cref="NfTablesBatch.Add(NftSet)"/> returned: works for anonymous ones too.</summary>
    public static NftLookup In(NftSet set) => new(set.Name) { SetId = set.Anonymous ? set.Id : 0 };

    /// <summary>Goes by the verdict that a map holds for the register.</summary>
    public static NftLookup VerdictMap(string map) => new(map) { Destination = NftRegister.Verdict };

    protected internal override void WriteData(ref MessageWriter m)
    {
        m.UInt32BigEndian(NFTA_LOOKUP_SREG, (uint)Source);
        if (Destination is { } destination) m.UInt32BigEndian(NFTA_LOOKUP_DREG, (uint)destination);
        m.String(NFTA_LOOKUP_SET, Set);
        if (SetId != 0) m.UInt32BigEndian(NFTA_LOOKUP_SET_ID, SetId);
        if (Invert) m.UInt32BigEndian(NFTA_LOOKUP_FLAGS, NFT_LOOKUP_F_INV);
    }

    internal static NftLookup Read(AttributeReader attributes)
    {
        NftLookup lookup = new("");
        while (attributes.TryRead(out NetlinkAttribute a))
        {
            lookup = a.Type switch
            {
                NFTA_LOOKUP_SET => lookup with { Set = a.String },
                NFTA_LOOKUP_SREG => lookup with { Source = a.ToRegister() },
                NFTA_LOOKUP_DREG => lookup with { Destination = a.ToRegister() },
                NFTA_LOOKUP_FLAGS => lookup with { Invert = (a.UInt32BigEndian & NFT_LOOKUP_F_INV) != 0 },
                _ => lookup,
            };
        }
        return lookup;
    }
}
