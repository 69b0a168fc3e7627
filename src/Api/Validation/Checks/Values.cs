using Margay.Api.Resources;
using Margay.Api.Selectors;
using Margay.Core.Net;

namespace Margay.Api.Validation.Checks;

/// <summary>Checks of single values that many kinds share. An absent value is never a fault here; see <see cref="Required"/>.</summary>
internal static class Values
{
    public static bool Required(Findings findings, FieldPath at, string? value, string remedy)
    {
        if (!string.IsNullOrEmpty(value)) return true;
        findings.Add(at, FaultReason.Required, $"is missing: {remedy}");
        return false;
    }

    public static void OneOf(Findings findings, FieldPath at, string? value, params ReadOnlySpan<string> allowed)
    {
        if (value is null || allowed.Contains(value)) return;
        string[] names = allowed.ToArray();
        findings.Add(at, FaultReason.NotSupported, $"\"{Leaf.Printable(value)}\" is none of {string.Join(", ", names)}{Suggestion.Hint(value, names)}");
    }

    public static void InRange(Findings findings, FieldPath at, long? value, long first, long last, string what)
    {
        if (value is null || (value >= first && value <= last)) return;
        findings.Add(at, FaultReason.Invalid, $"{value} is no {what}: {first} to {last} are allowed");
    }

    public static void AtMost<T>(Findings findings, FieldPath at, IReadOnlyList<T>? list, int limit)
    {
        if (list is not null && list.Count > limit) findings.Add(at, FaultReason.TooMany, $"has {list.Count} members, at most {limit} are allowed");
    }

    public static void Unique(Findings findings, FieldPath at, IReadOnlyList<string>? list)
    {
        if (list is null) return;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (int i = 0; i < list.Count; i++)
            if (!seen.Add(list[i])) findings.Add(at[i], FaultReason.Duplicate, $"\"{Leaf.Printable(list[i])}\" is given twice: keep one");
    }

    public static void ResourceName(Findings findings, FieldPath at, string? name)
    {
        if (name is null || Names.IsDnsSubdomain(name)) return;
        findings.Add(at, FaultReason.Invalid, $"\"{Leaf.Printable(name)}\" is no object name: lower-case letters, digits, '-' and '.', a letter or digit at both ends, at most 253 characters");
    }

    public static void Interface(Findings findings, FieldPath at, string? name)
    {
        if (name is null || Names.IsInterface(name)) return;
        findings.Add(at, FaultReason.Invalid, $"\"{Leaf.Printable(name)}\" is no interface name: 1 to 15 letters, digits, '_', '.' or '-'");
    }

    /// <summary>A selector; <c>global()</c> only where <paramref name="isNamespaceSelector"/>, and only alone.</summary>
    public static Selector? SelectorText(Findings findings, FieldPath at, string? text, bool isNamespaceSelector = false)
    {
        if (text is null) return null;
        if (text.Length > Selector.MaxLength)
        {
            findings.Add(at, FaultReason.TooLong, $"the selector has {text.Length} characters, at most {Selector.MaxLength} are allowed");
            return null;
        }

        if (!Selector.TryParse(text, out Selector? selector, out SelectorError error))
        {
            findings.Add(at, FaultReason.Invalid, $"is no selector: {error}");
            return null;
        }

        if (!HasGlobal(selector.Root) || (isNamespaceSelector && selector.Root is Expression.Global)) return selector;
        findings.Add(at, FaultReason.Invalid, isNamespaceSelector ? "global() must stand alone" : "global() is only allowed in a namespaceSelector");
        return null;
    }

    /// <summary>A password in place. A reference to a secret is refused: leaving it out would open an unprotected session.</summary>
    public static void Secret(Findings findings, FieldPath at, SecretKeySource? secret)
    {
        if (secret is null) return;
        if (secret.SecretKeyRef is not null)
            findings.Add(at["secretKeyRef"], FaultReason.NotSupported, "there is no secret store to read from in this version: write the password in place, as value");
        else if (Required(findings, at["value"], secret.Value, "the password") && secret.Value!.Length > 80)
            findings.Add(at["value"], FaultReason.TooLong, "a TCP MD5 key has at most 80 bytes");
    }

    public static void Duration(Findings findings, FieldPath at, string? text, TimeSpan most)
    {
        if (text is null) return;
        if (!GoDuration.TryParse(text, out TimeSpan value)) findings.Add(at, FaultReason.Invalid, $"\"{Leaf.Printable(text)}\" is no duration: write it like \"90s\" or \"2m30s\"");
        else if (value > most) findings.Add(at, FaultReason.Invalid, $"{text} is too long: at most {(long)most.TotalSeconds}s");
    }

    public static void As(Findings findings, FieldPath at, AsNumber? number)
    {
        if (number?.Value == 0) findings.Add(at, FaultReason.Invalid, "AS 0 must not be used (RFC 7607)");
        if (number?.Value == 23456) findings.Add(at, FaultReason.Invalid, "AS 23456 is AS_TRANS and belongs to nobody (RFC 6793)");
    }

    /// <summary>The full name of a virtual network. That it exists is for the server to say.</summary>
    /// <param name="ns">Where given: the namespace whose networks alone may be named.</param>
    public static void Network(Findings findings, FieldPath at, string? network, string? ns = null)
    {
        if (network is null || new NetworkName(network).IsDefault) return;
        int dot = network.IndexOf('.', StringComparison.Ordinal);
        if (dot < 0 || !Names.IsDnsLabel(network.AsSpan(0, dot)) || !Names.IsDnsLabel(network.AsSpan(dot + 1)))
            findings.Add(at, FaultReason.Invalid, $"\"{Leaf.Printable(network)}\" is no network: write default, or NAMESPACE.NAME of a VirtualNetwork");
        else if (ns is not null && !network.AsSpan(0, dot).SequenceEqual(ns))
            findings.Add(at, FaultReason.Forbidden, $"\"{network}\" belongs to the namespace {network[..dot]}: a workload attaches to networks of its own namespace ({Leaf.Printable(ns)}) or to default");
    }

    public static void NotImplemented(Findings findings, FieldPath at, bool isGiven, string consequence)
    {
        if (isGiven) findings.Warn(at, FaultReason.NotImplemented, $"accepted, but not implemented by this version of Margay: {consequence}");
    }

    private static bool HasGlobal(Expression expression) => expression switch
    {
        Expression.Global => true,
        Expression.Not not => HasGlobal(not.Operand),
        Expression.And and => and.Operands.Any(HasGlobal),
        Expression.Or or => or.Operands.Any(HasGlobal),
        _ => false,
    };
}
