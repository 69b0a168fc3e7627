using Margay.Api.Resources;

namespace Margay.ApiServer.Rest;

/// <summary>An object is called what its path says: fills in name and namespace, and refuses others.</summary>
internal static class Identity
{
    public static Outcome<Resource> Place(RequestTarget target, Resource resource)
    {
        ObjectMeta meta = resource.Metadata;
        string? name = string.IsNullOrEmpty(meta.Name) ? null : meta.Name;
        if (target.Name is { } expected)
        {
            if (name is not null && name != expected) return Statuses.BadRequest($"the name of the object ({name}) does not match the name on the URL ({expected})");
            name = expected;
        }
        else if (name is null && string.IsNullOrEmpty(meta.GenerateName))
        {
            return Statuses.Invalid(target.Kind, "", [new StatusCause { Reason = "FieldValueRequired", Field = "metadata.name", Message = "name or generateName is required" }]);
        }
        if (!string.IsNullOrEmpty(meta.Namespace) && meta.Namespace != target.Namespace)
        {
            return target.Namespace is null
                ? Statuses.BadRequest($"{target.Kind.Kind} has no namespace; remove metadata.namespace ({meta.Namespace})")
                : Statuses.BadRequest($"the namespace of the object ({meta.Namespace}) does not match the namespace on the URL ({target.Namespace})");
        }
        return resource with { Metadata = meta with { Name = name, Namespace = target.Namespace } };
    }
}
