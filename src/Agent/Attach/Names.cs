using System.Globalization;
using System.Text;
using Margay.Core.Net;

namespace Margay.Agent.Attach;

/// <summary>Names that follow from an attachment's identity, so that a restarted agent knows its own things again.</summary>
internal static class Names
{
    /// <summary>Every host-side interface begins so; the filter drops what comes from one that it does not know.</summary>
    public const string InterfacePrefix = "mg";

    private const string Base32 = "abcdefghijklmnopqrstuvwxyz234567";

    /// <summary>"mg" and 11 characters: 55 bits of a hash.</summary>
    public static string HostInterface(AttachmentKey key)
    {
        ulong hash = Hash(key.ToString());
        Span<char> name = stackalloc char[13];
        InterfacePrefix.CopyTo(name);
        for (int i = 2; i < name.Length; i++, hash >>= 5) name[i] = Base32[(int)(hash & 31)];
        return new string(name);
    }

    /// <summary>Whether a link's name could be one of ours.</summary>
    public static bool IsHostInterface(string name) =>
        name.Length == 13 && name.StartsWith(InterfacePrefix, StringComparison.Ordinal) && !name.AsSpan(2).ContainsAnyExcept(Base32);

    /// <summary>A locally administered unicast address (IEEE 802: second-least bit of the first octet set, least clear).</summary>
    public static MacAddress Mac(AttachmentKey key) => new(0x02_00_00_00_00_00UL | (Hash($"mac {key}") & 0xff_ff_ff_ff_ff));

    /// <summary>
    /// NODE-ORCHESTRATOR-WORKLOAD-INTERFACE, dashes within a part doubled: Calico's form, in which people search. What an object name may not hold is
    /// replaced, and a hash then keeps it unique.
    /// </summary>
    public static string Endpoint(string node, string orchestrator, string workload, string iface) =>
        string.Join('-', new[] { node, orchestrator, workload, iface }.Select(Escape));

    private static string Escape(string part)
    {
        StringBuilder text = new();
        bool exact = true;
        foreach (char c in part)
        {
            if (c == '-') text.Append("--");
            else if (char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c)) text.Append(c);
            else if (c == '.' && text.Length > 0 && char.IsAsciiLetterOrDigit(text[^1])) text.Append(c);
            else
            {
                exact = false;
                text.Append(char.IsAsciiLetterUpper(c) ? char.ToLowerInvariant(c) : 'x');
            }
        }
        // A name begins and ends with a letter or digit, and so does each of its labels.
        if (text.Length == 0 || text[^1] is '.' or '-' || text[0] == '-' || part.Contains(".-", StringComparison.Ordinal)) exact = false;
        if (exact && text.Length <= 80) return text.ToString();
        string kept = text.ToString()[..Math.Min(text.Length, 60)].Replace(".", "x", StringComparison.Ordinal).Trim('-');
        return string.Create(CultureInfo.InvariantCulture, $"{kept}x{Hash(part):x16}");
    }

    /// <summary>FNV-1a with the finaliser of MurmurHash3: spreads short keys; nobody who could choose keys to collide gains anything but an error.</summary>
    private static ulong Hash(string text)
    {
        ulong hash = 14695981039346656037;
        foreach (byte b in Encoding.UTF8.GetBytes(text)) hash = (hash ^ b) * 1099511628211;
        hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccd;
        hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53;
        return hash ^ (hash >> 33);
    }
}
