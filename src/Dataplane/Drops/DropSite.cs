using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Margay.Api.Resources;

namespace Margay.Dataplane.Drops;

/// <summary>What drops.</summary>
public enum DropKind
{
    /// <summary>A rule of a policy.</summary>
    Rule,

    /// <summary>A rule of a profile.</summary>
    Profile,

    /// <summary>A policy or profile that is named but not there.</summary>
    Missing,

    /// <summary>The default action of a tier.</summary>
    Tier,

    /// <summary>No tier and no profile allowed it.</summary>
    End,

    /// <summary>A rule that is always there, such as anti-spoofing.</summary>
    Fixed,
}

/// <summary>
/// A place in our tables that drops, as the prefix of its log messages says it: <c>deny [host-]DIRECTION KIND [INDEX] NAME</c>, so that it can be read without us too. A name that is too
/// long for the kernel is given as the digest of the whole: <see cref="NameIs"/> knows both.
/// </summary>
/// <param name="Name">Id of a policy, name of a profile or tier, or what a fixed rule is about.</param>
/// <param name="RuleIndex">Of <see cref="DropKind.Rule"/> and <see cref="DropKind.Profile"/>: position in the resource's list, from 0.</param>
public sealed record DropSite(PolicyType Direction, DropKind Kind, string Name, int? RuleIndex = null)
{
    /// <summary>NF_LOG_PREFIXLEN, with the closing NUL.</summary>
    private const int MaxPrefix = 127;

    private const string Verb = "deny", DigestMark = "#", HostPrefix = "host-";

    /// <summary>The list of a host endpoint ends here. Policies do not know: their rules are the same ones wherever they stand.</summary>
    public bool IsHosts { get; init; }

    public string ToPrefix()
    {
        string head = string.Create(CultureInfo.InvariantCulture, $"{Verb} {(IsHosts ? HostPrefix : "")}{WordOf(Direction)} {WordOf(Kind)} {(RuleIndex is { } index ? $"{index} " : "")}");
        return head + (head.Length + Encoding.UTF8.GetByteCount(Name) > MaxPrefix ? DigestOf(Name) : Name);
    }

    /// <summary>Reads a prefix back; false for one that is not ours.</summary>
    public static bool TryParse(string prefix, out DropSite site)
    {
        site = null!;
        string[] words = prefix.Split(' ', 4);
        if (words.Length < 4 || words[0] != Verb || KindOf(words[2]) is not { } kind) return false;
        bool hosts = words[1].StartsWith(HostPrefix, StringComparison.Ordinal);
        string way = hosts ? words[1][HostPrefix.Length..] : words[1];
        if (way is not ("ingress" or "egress")) return false;
        PolicyType direction = way == "ingress" ? PolicyType.Ingress : PolicyType.Egress;
        if (kind is not (DropKind.Rule or DropKind.Profile))
        {
            site = new DropSite(direction, kind, words[3]) { IsHosts = hosts };
            return true;
        }
        string[] rest = words[3].Split(' ', 2);
        if (rest.Length < 2 || !int.TryParse(rest[0], NumberStyles.None, CultureInfo.InvariantCulture, out int index)) return false;
        site = new DropSite(direction, kind, rest[1], index) { IsHosts = hosts };
        return true;
    }

    /// <summary>Whether <see cref="Name"/> stands for a longer one.</summary>
    public bool IsDigest => Name.StartsWith(DigestMark, StringComparison.Ordinal);

    public bool NameIs(string name) => Name == name || (IsDigest && Name == DigestOf(name));

    public override string ToString() => Kind switch
    {
        DropKind.Rule => string.Create(CultureInfo.InvariantCulture, $"rule {RuleIndex} of {Name}"),
        DropKind.Profile => string.Create(CultureInfo.InvariantCulture, $"rule {RuleIndex} of profile {Name}"),
        DropKind.Missing => $"{Name} is missing",
        DropKind.Tier => $"end of tier {Name}",
        DropKind.End => "nothing allowed it",
        _ => Name,
    };

    private static string DigestOf(string name) => DigestMark + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)).AsSpan(0, 12));

    /// <summary>ingress or egress.</summary>
    public static string WordOf(PolicyType direction) => direction == PolicyType.Ingress ? "ingress" : "egress";

    /// <summary>As it stands in prefixes, metrics and answers.</summary>
    public static string WordOf(DropKind kind) => kind switch
    {
        DropKind.Rule => "rule",
        DropKind.Profile => "profile",
        DropKind.Missing => "missing",
        DropKind.Tier => "tier",
        DropKind.End => "end",
        _ => "fixed",
    };

    private static DropKind? KindOf(string word) => word switch
    {
        "rule" => DropKind.Rule,
        "profile" => DropKind.Profile,
        "missing" => DropKind.Missing,
        "tier" => DropKind.Tier,
        "end" => DropKind.End,
        "fixed" => DropKind.Fixed,
        _ => null,
    };
}
