using Margay.Bgp.Wire;

namespace Margay.Bgp.Filter;

/// <summary>A change to the attributes of an accepted route.</summary>
public abstract record RouteOperation
{
    private RouteOperation()
    {
    }

    internal abstract void Apply(PathAttributesBuilder route);

    /// <summary>Nothing happens if the route carries it already.</summary>
    public sealed record AddCommunity(Community Community) : RouteOperation
    {
        internal override void Apply(PathAttributesBuilder route) => route.AddCommunity(Community);
    }

    /// <summary>Nothing happens if the route carries it already.</summary>
    public sealed record AddLargeCommunity(LargeCommunity Community) : RouteOperation
    {
        internal override void Apply(PathAttributesBuilder route) => route.AddLargeCommunity(Community);
    }

    /// <summary>AS_PATH begins with <paramref name="Path"/> afterwards. Towards external peers our own AS comes before that.</summary>
    public sealed record PrependAsPath(AsPath Path) : RouteOperation
    {
        internal override void Apply(PathAttributesBuilder route)
        {
            List<uint> numbers = [];
            foreach (uint asn in Path) numbers.Add(asn);
            route.PrependAsPath([.. numbers]);
        }
    }

    /// <summary>Counts within the AS: it is not sent to external peers.</summary>
    public sealed record SetLocalPref(uint LocalPref) : RouteOperation
    {
        internal override void Apply(PathAttributesBuilder route) => route.SetLocalPref(LocalPref);
    }
}
