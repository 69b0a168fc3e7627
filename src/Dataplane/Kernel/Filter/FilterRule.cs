using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;

namespace Margay.Dataplane.Kernel.Filter;

/// <summary>
/// A rule and the mark by which it is known again: its comment ends with a digest of what it does. After a restart the comments of a chain say whether its rules
/// are the wanted ones, without decoding a single expression.
/// </summary>
public sealed class FilterRule
{
    /// <summary>Kernel limit on user data is 256 bytes; <c>nft</c> shows at most 128 of a comment.</summary>
    private const int MaxLabel = 100;

    public FilterRule(string label, params ReadOnlySpan<FilterStatement> statements)
    {
        Statements = ImmutableArray.Create(statements);
        Comment = $"{(label.Length > MaxLabel ? label[^MaxLabel..] : label)} {Digest($"{label}\n{Text}")}";
    }

    public ImmutableArray<FilterStatement> Statements { get; }

    /// <summary>Names what it stands for (policy and rule index), and carries the digest.</summary>
    public string Comment { get; }

    /// <summary>The rule, nearly as <c>nft</c> prints it.</summary>
    public string Text => string.Join(' ', (IEnumerable<FilterStatement>)Statements);

    private static string Digest(string text)
    {
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(Encoding.UTF8.GetBytes(text), hash);
        return Convert.ToHexStringLower(hash[..6]);
    }

    public override string ToString() => Text;
}
