using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Margay.Api.Selectors;

// Label selectors, in Calico's language.
//
//   text ─Tokenizer─► tokens ─SelectorParser─► Expression (tree) ─┬─ Evaluation: does it hold for these labels?
//                                                                 └─ ExpressionWriter: canonical text ─► id
//
//   selector := "" | or                            or  := and ("||" and)*
//   and      := op ("&&" op)*                      op  := "!"* prim
//   prim     := has(LABEL) | all() | global() | "(" or ")" | LABEL relation
//   relation := ("==" | "!=" | contains | starts with | ends with) STRING | ("in" | "not in") "{" [STRING ("," STRING)* [","]] "}"
//   STRING   := "…" or '…', no escapes             LABEL := [A-Za-z0-9_./-]{1,512}
//
// Blanks are space and tab. "has(", "all(" and "global(" are one word with their parenthesis, else they are labels. Words of
// relations mean something only after a label, so that labels may be called "in" or "contains"; "not in", "starts with", "ends with" may be run together.

/// <summary>A label selector: parsed once, equal to every selector with the same canonical text, evaluated without allocation.</summary>
public sealed class Selector : IEquatable<Selector>
{
    /// <summary>The longest selector that the API accepts, in characters.</summary>
    public const int MaxLength = 1024;

    /// <summary>The label by which an endpoint or set tells its namespace; what has none is global.</summary>
    public const string NamespaceLabel = "projectcalico.org/namespace";

    private string? _canonical;
    private string? _id;

    public Selector(Expression root) => Root = root;

    /// <summary><c>all()</c></summary>
    public static Selector All { get; } = new(Expression.All.Instance);

    public Expression Root { get; }

    /// <summary>The text in one fixed form: parsing it gives an equal selector.</summary>
    public string Canonical => _canonical ??= Root.ToString();

    /// <summary>Short and stable: <c>s:</c> and 28 characters of base64url, derived from the canonical text alone.</summary>
    public string Id => _id ??= MakeId(Canonical);

    /// <summary>Parses text that is known to be valid.</summary>
    /// <exception cref="FormatException">It is not.</exception>
    public static Selector Parse(string? text) =>
        TryParse(text, out Selector? selector, out SelectorError error) ? selector : throw new FormatException(error.ToString());

    /// <summary>Null, empty and blank text is <c>all()</c>.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out Selector? selector, out SelectorError error)
    {
        if (SelectorParser.TryParse(text ?? "", out Expression? root, out error))
        {
            selector = root is Expression.All ? All : new Selector(root);
            return true;
        }

        selector = null;
        return false;
    }

    public static bool TryParse(string? text, [NotNullWhen(true)] out Selector? selector) => TryParse(text, out selector, out _);

    public bool Matches<TLabels>(in TLabels labels)
        where TLabels : ILabels => Evaluation.Holds(Root, in labels);

    public bool Matches(IReadOnlyDictionary<string, string>? labels) => Matches(new Labels(labels));

    public bool Equals(Selector? other) => other is not null && (ReferenceEquals(this, other) || Canonical == other.Canonical);
    public override bool Equals(object? obj) => Equals(obj as Selector);
    public override int GetHashCode() => Canonical.GetHashCode(StringComparison.Ordinal);
    public override string ToString() => Canonical;

    private static string MakeId(string canonical)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(canonical), hash);
        return "s:" + System.Buffers.Text.Base64Url.EncodeToString(hash[..21]);
    }
}
