using System.Collections.Immutable;
using System.Globalization;
using Margay.Core.Buffers;

namespace Margay.Bgp.Wire;

/// <summary>What a speaker says it can do (RFC 5492), those capabilities that we know; unknown ones are skipped.</summary>
public sealed record Capabilities
{
    /// <summary>Known families of the multiprotocol capability (RFC 4760 §8).</summary>
    public FamilySet Families { get; init; }

    /// <summary>False: the peer sent no multiprotocol capability at all, which means IPv4 unicast.</summary>
    public bool HasMultiprotocol { get; init; }

    public bool RouteRefresh { get; init; }
    public bool EnhancedRouteRefresh { get; init; }
    public bool ExtendedMessage { get; init; }

    /// <summary>RFC 6793; null: two-octet speaker.</summary>
    public uint? FourOctetAs { get; init; }

    /// <summary>IPv4 families whose next hop may be IPv6 (RFC 8950).</summary>
    public FamilySet ExtendedNextHop { get; init; }

    public GracefulRestartCapability? GracefulRestart { get; init; }

    /// <summary>Per known family: stale time in seconds (RFC 9494); empty if the capability is absent.</summary>
    public ImmutableArray<(FamilySet Family, bool ForwardingPreserved, int StaleSeconds)> LongLived { get; init; } = [];

    /// <summary>Families that the sender can receive with path ids (RFC 7911).</summary>
    public FamilySet AddPathReceive { get; init; }

    public FamilySet AddPathSend { get; init; }

    /// <summary>The families in effect for the session: none announced is IPv4 unicast.</summary>
    public FamilySet EffectiveFamilies => HasMultiprotocol ? Families : FamilySet.IPv4Unicast;

    /// <summary>Reads capabilities into <paramref name="known"/>; false if a length is wrong.</summary>
    internal static bool TryRead(ReadOnlySpan<byte> parameter, ref Capabilities known)
    {
        SpanReader r = new(parameter);
        while (!r.AtEnd)
        {
            CapabilityCode code = (CapabilityCode)r.ReadByte();
            SpanReader value = r.ReadSlice(r.ReadByte());
            if (r.Failed) return false;
            known = ReadOne(known, code, ref value);
            if (value.Failed) return false;
        }
        return true;
    }

    private static Capabilities ReadOne(Capabilities c, CapabilityCode code, ref SpanReader v)
    {
        switch (code)
        {
            case CapabilityCode.Multiprotocol:
                ushort afi = v.ReadUInt16BigEndian();
                v.Skip(1);
                return c with { HasMultiprotocol = true, Families = c.Families | BitOf(afi, v.ReadByte()) };
            case CapabilityCode.RouteRefresh:
                return c with { RouteRefresh = true };
            case CapabilityCode.EnhancedRouteRefresh:
                return c with { EnhancedRouteRefresh = true };
            case CapabilityCode.ExtendedMessage:
                return c with { ExtendedMessage = true };
            case CapabilityCode.FourOctetAs:
                return c with { FourOctetAs = v.ReadUInt32BigEndian() };
            case CapabilityCode.ExtendedNextHop:
                return ReadExtendedNextHop(c, ref v);
            case CapabilityCode.GracefulRestart:
                return c with { GracefulRestart = GracefulRestartCapability.Read(ref v) };
            case CapabilityCode.LongLivedGracefulRestart:
                return ReadLongLived(c, ref v);
            case CapabilityCode.AddPath:
                return ReadAddPath(c, ref v);
            default:
                return c;
        }
    }

    private static Capabilities ReadExtendedNextHop(Capabilities c, ref SpanReader v)
    {
        while (!v.AtEnd)
        {
            FamilySet bit = BitOf(v.ReadUInt16BigEndian(), (byte)v.ReadUInt16BigEndian());
            if (v.ReadUInt16BigEndian() == (ushort)Afi.IPv6) c = c with { ExtendedNextHop = c.ExtendedNextHop | bit };
        }
        return c;
    }

    private static Capabilities ReadLongLived(Capabilities c, ref SpanReader v)
    {
        ImmutableArray<(FamilySet, bool, int)>.Builder all = ImmutableArray.CreateBuilder<(FamilySet, bool, int)>();
        while (!v.AtEnd)
        {
            FamilySet bit = BitOf(v.ReadUInt16BigEndian(), v.ReadByte());
            bool preserved = (v.ReadByte() & 0x80) != 0;
            int seconds = v.ReadByte() << 16 | v.ReadUInt16BigEndian();
            if (bit != 0) all.Add((bit, preserved, seconds));
        }
        return c with { LongLived = all.ToImmutable() };
    }

    private static Capabilities ReadAddPath(Capabilities c, ref SpanReader v)
    {
        while (!v.AtEnd)
        {
            FamilySet bit = BitOf(v.ReadUInt16BigEndian(), v.ReadByte());
            int mode = v.ReadByte();
            // RFC 7911 §4: another value is ignored.
            if (mode is 1 or 3) c = c with { AddPathReceive = c.AddPathReceive | bit };
            if (mode is 2 or 3) c = c with { AddPathSend = c.AddPathSend | bit };
        }
        return c;
    }

    internal static FamilySet BitOf(ushort afi, byte safi) =>
        KnownFamilies.IndexOf(afi, safi) is >= 0 and int i ? KnownFamilies.Bit(i) : FamilySet.None;

    /// <summary>Writes the capabilities, to stand in one optional parameter.</summary>
    internal void Write(ref SpanWriter w)
    {
        for (int i = 0; i < KnownFamilies.Count; i++)
        {
            if (!Families.Has(i)) continue;
            Header(ref w, CapabilityCode.Multiprotocol, 4);
            w.WriteUInt16BigEndian((ushort)KnownFamilies.Of(i).Afi);
            w.WriteByte(0);
            w.WriteByte((byte)KnownFamilies.Of(i).Safi);
        }
        if (RouteRefresh) Header(ref w, CapabilityCode.RouteRefresh, 0);
        if (EnhancedRouteRefresh) Header(ref w, CapabilityCode.EnhancedRouteRefresh, 0);
        if (ExtendedMessage) Header(ref w, CapabilityCode.ExtendedMessage, 0);
        if (FourOctetAs is uint asn)
        {
            Header(ref w, CapabilityCode.FourOctetAs, 4);
            w.WriteUInt32BigEndian(asn);
        }
        if (ExtendedNextHop != 0) WriteExtendedNextHop(ref w);
        GracefulRestart?.Write(ref w);
        if (!LongLived.IsEmpty) WriteLongLived(ref w);
        if ((AddPathReceive | AddPathSend) != 0) WriteAddPath(ref w);
    }

    private static void Header(ref SpanWriter w, CapabilityCode code, int length)
    {
        w.WriteByte((byte)code);
        w.WriteByte((byte)length);
    }

    private void WriteExtendedNextHop(ref SpanWriter w)
    {
        Header(ref w, CapabilityCode.ExtendedNextHop, 6 * CountOf(ExtendedNextHop));
        for (int i = 0; i < KnownFamilies.Count; i++)
        {
            if (!ExtendedNextHop.Has(i)) continue;
            w.WriteUInt16BigEndian((ushort)KnownFamilies.Of(i).Afi);
            w.WriteUInt16BigEndian((byte)KnownFamilies.Of(i).Safi);
            w.WriteUInt16BigEndian((ushort)Afi.IPv6);
        }
    }

    private void WriteLongLived(ref SpanWriter w)
    {
        Header(ref w, CapabilityCode.LongLivedGracefulRestart, 7 * LongLived.Length);
        foreach ((FamilySet bit, bool preserved, int seconds) in LongLived)
        {
            WriteFamily(ref w, bit);
            w.WriteByte(preserved ? (byte)0x80 : (byte)0);
            w.WriteByte((byte)(seconds >> 16));
            w.WriteUInt16BigEndian((ushort)seconds);
        }
    }

    private void WriteAddPath(ref SpanWriter w)
    {
        FamilySet all = AddPathReceive | AddPathSend;
        Header(ref w, CapabilityCode.AddPath, 4 * CountOf(all));
        for (int i = 0; i < KnownFamilies.Count; i++)
        {
            if (!all.Has(i)) continue;
            WriteFamily(ref w, KnownFamilies.Bit(i));
            w.WriteByte((byte)((AddPathReceive.Has(i) ? 1 : 0) | (AddPathSend.Has(i) ? 2 : 0)));
        }
    }

    internal static void WriteFamily(ref SpanWriter w, FamilySet bit)
    {
        Family f = KnownFamilies.Of(System.Numerics.BitOperations.TrailingZeroCount((int)bit));
        w.WriteUInt16BigEndian((ushort)f.Afi);
        w.WriteByte((byte)f.Safi);
    }

    internal static int CountOf(FamilySet set) => System.Numerics.BitOperations.PopCount((uint)set);

    /// <summary>In words, for status output.</summary>
    public ImmutableArray<string> ToWords()
    {
        List<string> words = [];
        for (int i = 0; i < KnownFamilies.Count; i++)
        {
            if (EffectiveFamilies.Has(i)) words.Add(KnownFamilies.Of(i).ToString());
        }
        if (RouteRefresh) words.Add("route-refresh");
        if (EnhancedRouteRefresh) words.Add("enhanced-route-refresh");
        if (ExtendedMessage) words.Add("extended-message");
        if (FourOctetAs is not null) words.Add("four-octet-as");
        if (ExtendedNextHop != 0) words.Add("extended-next-hop");
        if (GracefulRestart is { } gr) words.Add(string.Create(CultureInfo.InvariantCulture, $"graceful-restart ({gr.RestartSeconds} s)"));
        if (!LongLived.IsEmpty) words.Add("long-lived-graceful-restart");
        if (AddPathReceive != 0) words.Add("add-path receive");
        if (AddPathSend != 0) words.Add("add-path send");
        return [.. words];
    }
}

/// <summary>The graceful restart capability (RFC 4724 §3, RFC 8538).</summary>
/// <param name="Restarting">The R bit: the sender has just restarted.</param>
/// <param name="Notification">The N bit: graceful also after a NOTIFICATION (RFC 8538).</param>
/// <param name="RestartSeconds">0–4095.</param>
/// <param name="Families">For which the sender restarts gracefully.</param>
/// <param name="Forwarding">Of those, for which forwarding state was preserved (F bit).</param>
public sealed record GracefulRestartCapability(bool Restarting, bool Notification, int RestartSeconds, FamilySet Families, FamilySet Forwarding)
{
    internal static GracefulRestartCapability Read(ref SpanReader v)
    {
        ushort head = v.ReadUInt16BigEndian();
        FamilySet families = 0, forwarding = 0;
        while (!v.AtEnd)
        {
            FamilySet bit = Capabilities.BitOf(v.ReadUInt16BigEndian(), v.ReadByte());
            families |= bit;
            if ((v.ReadByte() & 0x80) != 0) forwarding |= bit;
        }
        return new(((uint)head & 0x8000) != 0, (head & 0x4000) != 0, head & 0xfff, families, forwarding);
    }

    internal void Write(ref SpanWriter w)
    {
        w.WriteByte((byte)CapabilityCode.GracefulRestart);
        w.WriteByte((byte)(2 + 4 * Capabilities.CountOf(Families)));
        w.WriteUInt16BigEndian((ushort)((Restarting ? 0x8000 : 0) | (Notification ? 0x4000 : 0) | (RestartSeconds & 0xfff)));
        for (int i = 0; i < KnownFamilies.Count; i++)
        {
            if (!Families.Has(i)) continue;
            Capabilities.WriteFamily(ref w, KnownFamilies.Bit(i));
            w.WriteByte(Forwarding.Has(i) ? (byte)0x80 : (byte)0);
        }
    }
}
