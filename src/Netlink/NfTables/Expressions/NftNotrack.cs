using Margay.Netlink.Sockets;

namespace Margay.Netlink.NfTables.Expressions;

/// <summary>Leaves the packet out of connection tracking. In a chain before it: priority raw.</summary>
public sealed record NftNotrack : NftExpression
{
    public override string Kind => "notrack";

    protected internal override void WriteData(ref MessageWriter m)
    {
    }
}
