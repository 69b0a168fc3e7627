using Margay.Netlink.Sockets;
using static Margay.Netlink.Constants.LinuxNfTables;

namespace Margay.Netlink.NfTables.Expressions;

/// <summary>Loads a value into a register, or decides (<see cref="NftVerdict"/>).</summary>
public sealed record NftImmediate : NftExpression
{
    private NftImmediate()
    {
    }

    public NftRegister Destination { get; private init; }
    public NftValue Value { get; private init; }
    public NftVerdict? Verdict { get; private init; }

    public override string Kind => "immediate";

    public static NftImmediate Load(NftValue value, NftRegister destination = NftRegister.R1) => new() { Value = value, Destination = destination };

    public static NftImmediate Decide(NftVerdict verdict) => new() { Verdict = verdict, Destination = NftRegister.Verdict };

    public static NftImmediate Accept { get; } = Decide(NftVerdict.Accept);
    public static NftImmediate Drop { get; } = Decide(NftVerdict.Drop);
    public static NftImmediate Return { get; } = Decide(NftVerdict.Return);
    public static NftImmediate Jump(string chain) => Decide(NftVerdict.Jump(chain));
    public static NftImmediate Goto(string chain) => Decide(NftVerdict.Goto(chain));

    protected internal override void WriteData(ref MessageWriter m)
    {
        m.UInt32BigEndian(NFTA_IMMEDIATE_DREG, (uint)Destination);
        if (Verdict is { } verdict) NftData.Write(ref m, NFTA_IMMEDIATE_DATA, verdict);
        else NftData.Write(ref m, NFTA_IMMEDIATE_DATA, Value);
    }

    internal static NftImmediate Read(AttributeReader attributes)
    {
        NftImmediate immediate = new();
        while (attributes.TryRead(out NetlinkAttribute a))
        {
            if (a.Type == NFTA_IMMEDIATE_DREG) immediate = immediate with { Destination = a.ToRegister() };
            if (a.Type != NFTA_IMMEDIATE_DATA) continue;
            NftData.Read(a, out NftValue? value, out NftVerdict? verdict);
            immediate = immediate with { Value = value ?? default, Verdict = verdict };
        }
        return immediate;
    }
}
