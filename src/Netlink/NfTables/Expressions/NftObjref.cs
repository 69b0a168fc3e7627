using Margay.Netlink.Sockets;
using static Margay.Netlink.Constants.LinuxNfTables;

namespace Margay.Netlink.NfTables.Expressions;

/// <summary>Uses a named object: adds to a counter, applies a quota or limit. With <see cref="Map"/>, the object a map holds for a register.</summary>
public sealed record NftObjref : NftExpression
{
    private NftObjref()
    {
    }

    public NftObjectKind Object { get; private init; }
    public string? Name { get; private init; }
    public string? Map { get; private init; }
    public NftRegister Source { get; private init; }

    public override string Kind => "objref";

    public static NftObjref Counter(string name) => new() { Object = NftObjectKind.Counter, Name = name };
    public static NftObjref Named(NftObjectKind kind, string name) => new() { Object = kind, Name = name };
    public static NftObjref FromMap(string map, NftRegister source = NftRegister.R1) => new() { Map = map, Source = source };

    protected internal override void WriteData(ref MessageWriter m)
    {
        if (Map is { } map)
        {
            m.UInt32BigEndian(NFTA_OBJREF_SET_SREG, (uint)Source);
            m.String(NFTA_OBJREF_SET_NAME, map);
            return;
        }
        m.UInt32BigEndian(NFTA_OBJREF_IMM_TYPE, (uint)Object);
        m.String(NFTA_OBJREF_IMM_NAME, Name ?? "");
    }

    internal static NftObjref Read(AttributeReader attributes)
    {
        NftObjref objref = new();
        while (attributes.TryRead(out NetlinkAttribute a))
        {
            objref = a.Type switch
            {
                NFTA_OBJREF_IMM_TYPE => objref with { Object = (NftObjectKind)a.UInt32BigEndian },
                NFTA_OBJREF_IMM_NAME => objref with { Name = a.String },
                NFTA_OBJREF_SET_NAME => objref with { Map = a.String },
                NFTA_OBJREF_SET_SREG => objref with { Source = a.ToRegister() },
                _ => objref,
            };
        }
        return objref;
    }
}
