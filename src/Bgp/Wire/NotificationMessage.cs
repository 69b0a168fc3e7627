using System.Globalization;
using System.Text;

namespace Margay.Bgp.Wire;

/// <summary>A NOTIFICATION (RFC 4271 §4.5): why a session ends. Sent by us it is also the value that a decoder returns for a fault that ends the session.</summary>
/// <param name="Subcode">Its meaning depends on <paramref name="Code"/>.</param>
/// <param name="Data">As the subcode defines it.</param>
public sealed record NotificationMessage(ErrorCode Code, byte Subcode, byte[] Data)
{
    internal static NotificationMessage Cease(CeaseSubcode subcode, string text = "") => new(ErrorCode.Cease, (byte)subcode, ShutdownData(text));

    /// <summary>The same, such that a peer with RFC 8538 does not take it for a restart: Hard Reset with the real reason inside.</summary>
    internal NotificationMessage AsHardReset() => new(ErrorCode.Cease, (byte)CeaseSubcode.HardReset, [(byte)Code, Subcode, .. Data]);

    /// <summary>The reason inside a Hard Reset (RFC 8538 §3.1); otherwise this.</summary>
    internal NotificationMessage Inner =>
        Code == ErrorCode.Cease && Subcode == (byte)CeaseSubcode.HardReset && Data.Length >= 2 ? Read(Data) : this;

    internal static NotificationMessage HoldTimerExpired => new(ErrorCode.HoldTimerExpired, 0, []);

    internal static NotificationMessage Update(UpdateSubcode subcode, ReadOnlySpan<byte> data = default) =>
        new(ErrorCode.UpdateMessage, (byte)subcode, data.ToArray());

    internal static NotificationMessage Fsm(FsmSubcode subcode, MessageType got) => new(ErrorCode.FiniteStateMachine, (byte)subcode, [(byte)got]);

    internal static NotificationMessage Read(ReadOnlySpan<byte> body) => new((ErrorCode)body[0], body[1], body[2..].ToArray());

    internal byte[] ToMessage() => MessageHeader.Whole(MessageType.Notification, [(byte)Code, Subcode, .. Data]);

    /// <summary>The operator's text in a shutdown or reset (RFC 9003), empty if none or not UTF-8.</summary>
    public string ShutdownText
    {
        get
        {
            if (Code != ErrorCode.Cease || (CeaseSubcode)Subcode is not (CeaseSubcode.AdministrativeShutdown or CeaseSubcode.AdministrativeReset)) return "";
            if (Data.Length < 1 || Data[0] > Data.Length - 1) return "";
            string text = Encoding.UTF8.GetString(Data, 1, Data[0]);
            // A peer's text goes to logs and terminals.
            return text.Any(char.IsControl) ? string.Concat(text.Select(c => char.IsControl(c) ? '?' : c)) : text;
        }
    }

    private static byte[] ShutdownData(string text)
    {
        if (text.Length == 0) return [];
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        int length = Math.Min(255, utf8.Length);
        // Do not cut a character in two.
        while (length < utf8.Length && length > 0 && (utf8[length] & 0xc0) == 0x80) length--;
        return [(byte)length, .. utf8.AsSpan(0, length)];
    }

    /// <summary>In words, e.g. <c>Cease / Administrative Shutdown: "maintenance"</c>.</summary>
    public override string ToString()
    {
        if (Inner != this) return $"{CodeName()} / {SubcodeName()}: {Inner.ToPlainString()}";
        return ToPlainString();
    }

    private string ToPlainString()
    {
        string text = ShutdownText;
        string what = SubcodeName();
        return (what.Length == 0 ? CodeName() : $"{CodeName()} / {what}") + (text.Length == 0 ? "" : $": \"{text}\"");
    }

    private string CodeName() => Code switch
    {
        ErrorCode.MessageHeader => "Message Header Error",
        ErrorCode.OpenMessage => "OPEN Message Error",
        ErrorCode.UpdateMessage => "UPDATE Message Error",
        ErrorCode.HoldTimerExpired => "Hold Timer Expired",
        ErrorCode.FiniteStateMachine => "Finite State Machine Error",
        ErrorCode.Cease => "Cease",
        ErrorCode.RouteRefresh => "ROUTE-REFRESH Message Error",
        _ => string.Create(CultureInfo.InvariantCulture, $"Error {(byte)Code}"),
    };

    private string SubcodeName() => (Code, Subcode) switch
    {
        (_, 0) => "",
        (ErrorCode.MessageHeader, 1) => "Connection Not Synchronized",
        (ErrorCode.MessageHeader, 2) => "Bad Message Length",
        (ErrorCode.MessageHeader, 3) => "Bad Message Type",
        (ErrorCode.OpenMessage, 1) => "Unsupported Version Number",
        (ErrorCode.OpenMessage, 2) => "Bad Peer AS",
        (ErrorCode.OpenMessage, 3) => "Bad BGP Identifier",
        (ErrorCode.OpenMessage, 4) => "Unsupported Optional Parameter",
        (ErrorCode.OpenMessage, 6) => "Unacceptable Hold Time",
        (ErrorCode.OpenMessage, 7) => "Unsupported Capability",
        (ErrorCode.UpdateMessage, 1) => "Malformed Attribute List",
        (ErrorCode.UpdateMessage, 2) => "Unrecognized Well-known Attribute",
        (ErrorCode.UpdateMessage, 3) => "Missing Well-known Attribute",
        (ErrorCode.UpdateMessage, 4) => "Attribute Flags Error",
        (ErrorCode.UpdateMessage, 5) => "Attribute Length Error",
        (ErrorCode.UpdateMessage, 6) => "Invalid ORIGIN Attribute",
        (ErrorCode.UpdateMessage, 8) => "Invalid NEXT_HOP Attribute",
        (ErrorCode.UpdateMessage, 9) => "Optional Attribute Error",
        (ErrorCode.UpdateMessage, 10) => "Invalid Network Field",
        (ErrorCode.UpdateMessage, 11) => "Malformed AS_PATH",
        (ErrorCode.FiniteStateMachine, 1) => "Unexpected Message in OpenSent State",
        (ErrorCode.FiniteStateMachine, 2) => "Unexpected Message in OpenConfirm State",
        (ErrorCode.FiniteStateMachine, 3) => "Unexpected Message in Established State",
        (ErrorCode.Cease, 1) => "Maximum Number of Prefixes Reached",
        (ErrorCode.Cease, 2) => "Administrative Shutdown",
        (ErrorCode.Cease, 3) => "Peer De-configured",
        (ErrorCode.Cease, 4) => "Administrative Reset",
        (ErrorCode.Cease, 5) => "Connection Rejected",
        (ErrorCode.Cease, 6) => "Other Configuration Change",
        (ErrorCode.Cease, 7) => "Connection Collision Resolution",
        (ErrorCode.Cease, 8) => "Out of Resources",
        (ErrorCode.Cease, 9) => "Hard Reset",
        (ErrorCode.Cease, 10) => "BFD Down",
        (ErrorCode.RouteRefresh, 1) => "Invalid Message Length",
        _ => string.Create(CultureInfo.InvariantCulture, $"subcode {Subcode}"),
    };

    public bool Equals(NotificationMessage? other) =>
        other is not null && Code == other.Code && Subcode == other.Subcode && Data.AsSpan().SequenceEqual(other.Data);

    public override int GetHashCode() => HashCode.Combine(Code, Subcode, Data.Length);
}
