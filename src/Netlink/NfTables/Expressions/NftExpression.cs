using Margay.Netlink.Sockets;
using static Margay.Netlink.Constants.LinuxNfTables;

namespace Margay.Netlink.NfTables.Expressions;

/// <summary>
/// One step of a rule. The kernel works on sixteen words of registers: expressions load them from the packet, compare them, look them up,
/// or decide. Each expression is one record in one file of this folder; its bytes are <c>NFTA_EXPR_NAME</c> and the attributes in <c>NFTA_EXPR_DATA</c>,
/// all numbers big-endian. <see cref="NftMatch"/> composes the common ones.
/// <para>To add one: derive, write the attributes, and if it is to be read back give it a line in <c>ExpressionReader</c>.</para>
/// </summary>
public abstract record NftExpression
{
    /// <summary>The kernel's name of the expression.</summary>
    public abstract string Kind { get; }

    /// <summary>Writes the content of NFTA_EXPR_DATA.</summary>
    protected internal abstract void WriteData(ref MessageWriter m);

    internal void Write(ref MessageWriter m, int attribute)
    {
        int element = m.BeginNested(attribute);
        m.String(NFTA_EXPR_NAME, Kind);
        int data = m.BeginNested(NFTA_EXPR_DATA);
        WriteData(ref m);
        m.EndNested(data);
        m.EndNested(element);
    }

    /// <summary>The kind alone, as a set names what its elements carry.</summary>
    internal void WriteTemplate(ref MessageWriter m, int attribute)
    {
        int element = m.BeginNested(attribute);
        m.String(NFTA_EXPR_NAME, Kind);
        m.EndNested(m.BeginNested(NFTA_EXPR_DATA));
        m.EndNested(element);
    }
}
