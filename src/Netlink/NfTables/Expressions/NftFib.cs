using Margay.Netlink.Sockets;
using static Margay.Netlink.Constants.LinuxNfTables;

namespace Margay.Netlink.NfTables.Expressions;

/// <summary>Looks the packet up in the routing tables and loads what was found: reverse path filtering, address types.</summary>
public sealed record NftFib(NftFibResult Result, NftFibFlags Flags, NftRegister Destination = NftRegister.R1) : NftExpression
{
    public override string Kind => "fib";

    protected internal override void WriteData(ref MessageWriter m)
    {
        m.UInt32BigEndian(NFTA_FIB_DREG, (uint)Destination);
        m.UInt32BigEndian(NFTA_FIB_RESULT, (uint)Result);
        m.UInt32BigEndian(NFTA_FIB_FLAGS, (uint)Flags);
    }

    internal static NftFib Read(AttributeReader attributes)
    {
        NftFibResult result = default;
        NftFibFlags flags = default;
        NftRegister destination = NftRegister.R1;
        while (attributes.TryRead(out NetlinkAttribute a))
        {
            switch (a.Type)
            {
                case NFTA_FIB_DREG: destination = a.ToRegister(); break;
                case NFTA_FIB_RESULT: result = (NftFibResult)a.UInt32BigEndian; break;
                case NFTA_FIB_FLAGS: flags = (NftFibFlags)a.UInt32BigEndian; break;
            }
        }
        return new NftFib(result, flags, destination);
    }
}

/// <summary>NFT_FIB_RESULT_*.</summary>
public enum NftFibResult : uint
{
    OutgoingLink = NFT_FIB_RESULT_OIF,
    OutgoingLinkName = NFT_FIB_RESULT_OIFNAME,

    /// <summary>RTN_* in host order.</summary>
    AddressType = NFT_FIB_RESULT_ADDRTYPE,
}

/// <summary>NFTA_FIB_F_*: what goes into the lookup.</summary>
[Flags]
public enum NftFibFlags : uint
{
    None = 0,
    SourceAddress = NFTA_FIB_F_SADDR,
    DestinationAddress = NFTA_FIB_F_DADDR,
    Mark = NFTA_FIB_F_MARK,
    IncomingLink = NFTA_FIB_F_IIF,
    OutgoingLink = NFTA_FIB_F_OIF,

    /// <summary>Load 1 or 0: whether there is a route.</summary>
    Present = NFTA_FIB_F_PRESENT,
}
