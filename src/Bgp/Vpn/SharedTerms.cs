using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Margay.Bgp.Rib;
using Margay.Bgp.Wire;
using Margay.Core.Net;

namespace Margay.Bgp.Vpn;

/// <summary>The terms of all paths with the same attributes, decoded once.</summary>
internal sealed class SharedTerms(SharedTerms.Source from, EvpnTerms terms)
{
    /// <summary>What they were read from. Attributes are compared by identity: the speaker has one object for equal ones.</summary>
    internal readonly record struct Source(PathAttributes Attributes, InetAddress NextHop, int GatewayLength)
    {
        public bool Equals(Source other) => ReferenceEquals(Attributes, other.Attributes) && NextHop == other.NextHop && GatewayLength == other.GatewayLength;
        public override int GetHashCode() => HashCode.Combine(RuntimeHelpers.GetHashCode(Attributes), GatewayLength);
    }

    public Source From => from;
    public EvpnTerms Terms => terms;

    /// <summary>How many paths.</summary>
    public int Users { get; set; }

    /// <summary>The tables that import one of the targets, as of <see cref="Generation"/>.</summary>
    public ImportingTable[] Importers { get; set; } = [];

    public int Generation { get; set; } = -1;
}

/// <summary>The terms of all paths. Owned by the importer.</summary>
internal sealed class SharedTermsTable
{
    private readonly Dictionary<SharedTerms.Source, SharedTerms> _terms = [];
    private SharedTerms? _last;

    /// <summary>False when the route leads to no address (<see cref="EvpnPath.TryRead"/>). Held for nobody yet.</summary>
    public bool TryGet(in RouteChange change, [NotNullWhen(true)] out SharedTerms? found)
    {
        found = null;
        if (change.Attributes is not { } attributes || change.NextHops.IsDefaultOrEmpty) return false;
        SharedTerms.Source from = new(attributes, change.NextHops[0].Address, EvpnTerms.GatewayLength(change.Nlri));
        if (_last is { } last && last.From == from) found = last;
        else if (!_terms.TryGetValue(from, out found))
        {
            if (EvpnTerms.TryRead(attributes, from.NextHop, from.GatewayLength) is not { } terms) return false;
            _terms[from] = found = new SharedTerms(from, terms);
        }
        _last = found;
        return true;
    }

    public void Drop(SharedTerms terms)
    {
        _terms.Remove(terms.From);
        if (_last == terms) _last = null;
    }
}
