using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Margay.Api.Resources;

/// <summary>
/// An IP protocol as it stands in a manifest: one of the names TCP, UDP, ICMP, ICMPv6, SCTP, UDPLite, or a number from 1 to 255.
/// What was written is kept; <see cref="Number"/> is what it means (IANA protocol numbers), or null when it means nothing.
/// </summary>
[JsonConverter(typeof(ProtocolJsonConverter))]
public readonly record struct Protocol(string Text)
{
    public const byte Icmp = 1, Tcp = 6, Udp = 17, IcmpV6 = 58, Sctp = 132, UdpLite = 136;

    public static Protocol FromNumber(byte number) => new(number.ToString(CultureInfo.InvariantCulture));

    public byte? Number => Text switch
    {
        "TCP" => Tcp,
        "UDP" => Udp,
        "ICMP" => Icmp,
        "ICMPv6" => IcmpV6,
        "SCTP" => Sctp,
        "UDPLite" => UdpLite,
        _ => byte.TryParse(Text, NumberStyles.None, CultureInfo.InvariantCulture, out byte n) && n > 0 ? n : null,
    };

    public override string ToString() => Text;
}

public sealed class ProtocolJsonConverter : JsonConverter<Protocol>
{
    public override Protocol Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.TokenType switch
    {
        JsonTokenType.String => new Protocol(reader.GetString()!),
        JsonTokenType.Number when reader.TryGetInt64(out long n) => new Protocol(n.ToString(CultureInfo.InvariantCulture)),
        _ => throw new JsonException("a protocol is a name or a number"),
    };

    public override void Write(Utf8JsonWriter writer, Protocol value, JsonSerializerOptions options)
    {
        if (int.TryParse(value.Text, NumberStyles.None, CultureInfo.InvariantCulture, out int n)) writer.WriteNumberValue(n);
        else writer.WriteStringValue(value.Text);
    }
}
