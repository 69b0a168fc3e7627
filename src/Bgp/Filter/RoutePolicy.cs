using System.Collections.Immutable;
using Margay.Bgp.Rib;
using Margay.Core.Net;

namespace Margay.Bgp.Filter;

// Route policy as the library offers it: an ordered list of statements. The first whose conditions all hold decides, and may change the attributes of what it accepts;
// when none holds, the policy's own default does.
//
//   RoutePolicy ─► PolicyStatement: RouteMatch (prefix, source, interface, peer, communities, AS_PATH, LOCAL_PREF) ─► accept with RouteOperations, or reject
//
// Everything is a value: two policies that say the same are equal, so that peers with equal policies share an update group and applying the same configuration again
// touches nothing. Whoever has another policy language compiles it into this one; what is not expressible here is an IRouteFilter of its own.

/// <summary>An ordered list of statements: the first that matches decides. Immutable, compared by value.</summary>
public sealed class RoutePolicy : IRouteFilter, IEquatable<RoutePolicy>
{
    private readonly int _hash;

    /// <param name="statements">In order.</param>
    /// <param name="otherwise">What happens to a route that no statement matches.</param>
    public RoutePolicy(ImmutableArray<PolicyStatement> statements, PolicyAction otherwise)
    {
        Statements = statements;
        Otherwise = otherwise;
        HashCode hash = default;
        foreach (PolicyStatement statement in statements) hash.Add(statement);
        hash.Add(otherwise);
        _hash = hash.ToHashCode();
    }

    public ImmutableArray<PolicyStatement> Statements { get; }
    public PolicyAction Otherwise { get; }

    public FilterResult Apply(in FilterContext route)
    {
        bool isPrefix = route.Nlri.TryGetPrefix(out IpPrefix prefix);
        foreach (PolicyStatement statement in Statements)
        {
            if (statement.Match.Matches(route, isPrefix ? prefix : null)) return statement.Decide(route.Attributes);
        }
        return Otherwise == PolicyAction.Accept ? FilterResult.Accept : FilterResult.Rejected("no statement accepts it");
    }

    public bool Equals(RoutePolicy? other) =>
        ReferenceEquals(this, other)
        || (other is not null && _hash == other._hash && Otherwise == other.Otherwise && Statements.AsSpan().SequenceEqual(other.Statements.AsSpan()));

    public override bool Equals(object? obj) => Equals(obj as RoutePolicy);
    public override int GetHashCode() => _hash;
}

public enum PolicyAction
{
    Accept,
    Reject,
}
