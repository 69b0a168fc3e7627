using Margay.Netlink.Sockets;

namespace Margay.Netlink.NfTables.Expressions;

/// <summary>An expression that was read back and is not known here: kept as bytes, so that nothing is lost.</summary>
public sealed record NftUnknown(string UnknownKind, NftValue Data) : NftExpression
{
    public override string Kind => UnknownKind;

    protected internal override void WriteData(ref MessageWriter m) => Data.Span.CopyTo(m.ReserveRaw(Data.Length));
}
