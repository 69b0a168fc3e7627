using Margay.Api.Resources;

namespace Margay.ApiServer.Rest;

/// <summary>
/// The objects that a list or watch is about: Kubernetes' <c>labelSelector</c> (equality and set based) and <c>fieldSelector</c>
/// (metadata.name, metadata.namespace and, for endpoints, spec.node).
/// </summary>
internal sealed class ObjectFilter(IReadOnlyList<Func<Resource, bool>> terms)
{
    public static readonly ObjectFilter Everything = new([]);

    public bool IsEverything => terms.Count == 0;

    public bool Matches(Resource resource)
    {
        foreach (Func<Resource, bool> term in terms)
        {
            if (!term(resource)) return false;
        }
        return true;
    }

    public static Outcome<ObjectFilter> Parse(string? labelSelector, string? fieldSelector, string? name)
    {
        List<Func<Resource, bool>> terms = [];
        if (name is not null) terms.Add(r => r.Name == name);
        if (!string.IsNullOrWhiteSpace(labelSelector) && LabelSelector.Parse(labelSelector, terms) is { } labelFault) return Statuses.BadRequest($"labelSelector \"{labelSelector}\": {labelFault}");
        if (!string.IsNullOrWhiteSpace(fieldSelector) && FieldSelector.Parse(fieldSelector, terms) is { } fieldFault) return Statuses.BadRequest($"fieldSelector \"{fieldSelector}\": {fieldFault}");
        return terms.Count == 0 ? Everything : new ObjectFilter(terms);
    }
}
