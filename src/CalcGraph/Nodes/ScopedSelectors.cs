using System.Diagnostics.CodeAnalysis;
using Margay.Api.Resources;
using Margay.Api.Selectors;

namespace Margay.CalcGraph.Nodes;

/// <summary>
/// Rewrites the selectors of policies so that each stands alone: the scope of a namespaced policy, namespace selectors and service accounts become terms over
/// <see cref="DerivedLabels"/>. Null means that one of the texts is no selector.
/// </summary>
internal static class ScopedSelectors
{
    private static readonly Expression InSomeNamespace = new Expression.Has(Selector.NamespaceLabel);

    /// <summary>What a namespaced policy applies to.</summary>
    public static Selector? OfNetworkPolicy(NetworkPolicySpec spec, string ns) =>
        TryParse(spec.Selector, out Expression? selector) && TryServiceAccounts(spec.ServiceAccountSelector, out Expression? accounts)
            ? All(InNamespace(ns), accounts, selector)
            : null;

    /// <summary>What a global policy applies to; with <paramref name="hostsOnly"/> only what is in no namespace.</summary>
    public static Selector? OfGlobalNetworkPolicy(GlobalNetworkPolicySpec spec, bool hostsOnly)
    {
        Expression? namespaces = null;
        if (spec.NamespaceSelector is { Length: > 0 } text && !TryNamespaces(text, out namespaces)) return null;
        return TryParse(spec.Selector, out Expression? selector) && TryServiceAccounts(spec.ServiceAccountSelector, out Expression? accounts)
            ? All(hostsOnly ? Expression.Negate(InSomeNamespace) : null, namespaces, accounts, selector)
            : null;
    }

    /// <summary>
    /// The positive selector of one side of a rule, or <paramref name="selector"/> null when the side names none. In a namespaced policy the first word about
    /// endpoints limits the side to that namespace, unless a namespace selector says otherwise.
    /// </summary>
    /// <returns>False when a text is no selector.</returns>
    public static bool TryOfSide(EntityRule side, string? policyNamespace, out Selector? selector)
    {
        selector = null;
        bool speaksOfEndpoints = side.Selector is { Length: > 0 } || side.NotSelector is { Length: > 0 } || side.NamespaceSelector is { Length: > 0 }
            || side.ServiceAccounts is not null;
        if (!speaksOfEndpoints) return true;

        Expression? scope = policyNamespace is null ? null : InNamespace(policyNamespace);
        if (side.NamespaceSelector is { Length: > 0 } text && !TryNamespaces(text, out scope)) return false;
        if (!TryServiceAccounts(side.ServiceAccounts, out Expression? accounts)) return false;
        Expression? own = null;
        if (side.Selector is { Length: > 0 } && !TryParse(side.Selector, out own)) return false;
        // A lone notSelector in a global policy is no positive match: everything else matches, known or not.
        if (scope is null && accounts is null && own is null) return true;
        selector = All(scope, accounts, own);
        return true;
    }

    public static bool TryOfNotSelector(EntityRule side, out Selector? selector)
    {
        selector = null;
        return side.NotSelector is not { Length: > 0 } || Selector.TryParse(side.NotSelector, out selector);
    }

    /// <summary>The addresses behind a service.</summary>
    public static Selector OfService(string ns, string name) => new(new Expression.Equal(DerivedLabels.Service, $"{ns}/{name}"));

    private static Expression InNamespace(string ns) => new Expression.Equal(Selector.NamespaceLabel, ns);

    /// <summary><c>all()</c> means being in some namespace, <c>global()</c> being in none; other terms are about the namespace's labels.</summary>
    private static bool TryNamespaces(string text, [NotNullWhen(true)] out Expression? expression)
    {
        expression = null;
        if (!TryParse(text, out Expression? parsed)) return false;
        expression = parsed switch
        {
            Expression.All => InSomeNamespace,
            Expression.Global => Expression.Negate(InSomeNamespace),
            // A negative term must not match what has no namespace at all.
            _ => Expression.AllOf(InSomeNamespace, Prefix(parsed, DerivedLabels.NamespacePrefix)),
        };
        return true;
    }

    private static bool TryServiceAccounts(ServiceAccountMatch? match, out Expression? expression)
    {
        expression = null;
        if (match is null) return true;
        if (!TryServiceAccounts(match.Selector, out Expression? bySelector)) return false;
        Expression? byName = match.Names is { Count: > 0 } names
            ? new Expression.In(DerivedLabels.ServiceAccount, [.. names.Distinct().Order(StringComparer.Ordinal)])
            : null;
        expression = bySelector is null && byName is null ? new Expression.Has(DerivedLabels.ServiceAccount) : All(bySelector, byName).Root;
        return true;
    }

    private static bool TryServiceAccounts(string? selector, out Expression? expression)
    {
        expression = null;
        if (selector is not { Length: > 0 }) return true;
        if (!TryParse(selector, out Expression? parsed)) return false;
        expression = parsed is Expression.All
            ? new Expression.Has(DerivedLabels.ServiceAccount)
            : Expression.AllOf(new Expression.Has(DerivedLabels.ServiceAccount), Prefix(parsed, DerivedLabels.ServiceAccountPrefix));
        return true;
    }

    private static bool TryParse(string? text, [NotNullWhen(true)] out Expression? expression)
    {
        bool parsed = Selector.TryParse(text, out Selector? selector);
        expression = selector?.Root;
        return parsed;
    }

    /// <summary>The conjunction, without what is absent and what always holds.</summary>
    private static Selector All(params Expression?[] terms)
    {
        Expression root = Expression.AllOf([.. terms.OfType<Expression>().Where(t => t is not Expression.All)]);
        return root is Expression.All ? Selector.All : new Selector(root);
    }

    private static Expression Prefix(Expression expression, string prefix) => expression switch
    {
        Expression.Has e => e with { Label = prefix + e.Label },
        Expression.Equal e => e with { Label = prefix + e.Label },
        Expression.NotEqual e => e with { Label = prefix + e.Label },
        Expression.Contains e => e with { Label = prefix + e.Label },
        Expression.StartsWith e => e with { Label = prefix + e.Label },
        Expression.EndsWith e => e with { Label = prefix + e.Label },
        Expression.In e => e with { Label = prefix + e.Label },
        Expression.NotIn e => e with { Label = prefix + e.Label },
        Expression.Not e => Expression.Negate(Prefix(e.Operand, prefix)),
        Expression.And e => Expression.AllOf([.. e.Operands.Select(o => Prefix(o, prefix))]),
        Expression.Or e => Expression.AnyOf([.. e.Operands.Select(o => Prefix(o, prefix))]),
        _ => expression,
    };
}
