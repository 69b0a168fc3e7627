using Margay.Netlink.Sockets;
using static Margay.Netlink.Constants.LinuxNfTables;

namespace Margay.Netlink.NfTables.Expressions;

/// <summary>Adds, refreshes or deletes an element of a set while a packet goes by. The set must be <see cref="NftSet.Dynamic"/>.</summary>
public sealed record NftDynset(string Set, NftDynsetOperator Operator) : NftExpression
{
    public NftRegister Key { get; init; } = NftRegister.R1;

    /// <summary>For a map: the register that holds the data.</summary>
    public NftRegister? Data { get; init; }

    /// <summary>0: the set's.</summary>
    public TimeSpan Timeout { get; init; }

    /// <summary>Goes on when the element could not be added.</summary>
    public bool Invert { get; init; }

    /// <summary>Kept with the element: a counter, a limit.</summary>
    public NftExpression? Expression { get; init; }

    public override string Kind => "dynset";

    protected internal override void WriteData(ref MessageWriter m)
    {
        m.UInt32BigEndian(NFTA_DYNSET_OP, (uint)Operator);
        m.UInt32BigEndian(NFTA_DYNSET_SREG_KEY, (uint)Key);
        if (Data is { } data) m.UInt32BigEndian(NFTA_DYNSET_SREG_DATA, (uint)data);
        m.String(NFTA_DYNSET_SET_NAME, Set);
        if (Timeout != default) m.UInt64BigEndian(NFTA_DYNSET_TIMEOUT, (ulong)Timeout.TotalMilliseconds);
        if (Invert) m.UInt32BigEndian(NFTA_DYNSET_FLAGS, NFT_DYNSET_F_INV);
        Expression?.Write(ref m, NFTA_DYNSET_EXPR);
    }

    internal static NftDynset Read(AttributeReader attributes)
    {
        NftDynset dynset = new("", default);
        while (attributes.TryRead(out NetlinkAttribute a))
        {
            dynset = a.Type switch
            {
                NFTA_DYNSET_SET_NAME => dynset with { Set = a.String },
                NFTA_DYNSET_OP => dynset with { Operator = (NftDynsetOperator)a.UInt32BigEndian },
                NFTA_DYNSET_SREG_KEY => dynset with { Key = a.ToRegister() },
                NFTA_DYNSET_SREG_DATA => dynset with { Data = a.ToRegister() },
                NFTA_DYNSET_TIMEOUT => dynset with { Timeout = a.Milliseconds },
                NFTA_DYNSET_FLAGS => dynset with { Invert = (a.UInt32BigEndian & NFT_DYNSET_F_INV) != 0 },
                NFTA_DYNSET_EXPR => dynset with { Expression = ExpressionReader.Read(a.Nested) },
                _ => dynset,
            };
        }
        return dynset;
    }
}

/// <summary>NFT_DYNSET_OP_*.</summary>
public enum NftDynsetOperator : uint
{
    Add = NFT_DYNSET_OP_ADD,

    /// <summary>Add, or start its timeout anew.</summary>
    Update = NFT_DYNSET_OP_UPDATE,
    Delete = NFT_DYNSET_OP_DELETE,
}
