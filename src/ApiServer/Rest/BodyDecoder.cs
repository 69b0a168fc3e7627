using Margay.Api.Resources;
using Margay.Api.Validation;
using Margay.Api.Validation.Manifests;

namespace Margay.ApiServer.Rest;

/// <summary>From the bytes of a body to an object that is complete and valid by itself; every fault of it in one answer.</summary>
internal static class BodyDecoder
{
    /// <summary>Reads the structure. What is merely disliked is answered in warning headers.</summary>
    public static Outcome<Resource> Decode(HttpContext http, ResourceKind kind, RequestBody body, FieldValidation validation)
    {
        UnknownFields unknownFields = validation switch
        {
            FieldValidation.Ignore => UnknownFields.Ignore,
            FieldValidation.Warn => UnknownFields.Warn,
            _ => UnknownFields.Refuse,
        };
        Decoded decoded;
        switch (body.MediaType)
        {
            case Replies.Json:
                decoded = ResourceDecoder.Decode(body.Bytes, kind, unknownFields);
                break;
            case "application/yaml" or "text/yaml" or "application/x-yaml":
                List<YamlDocument> documents = [.. YamlConverter.Read(new StreamReader(new MemoryStream(body.Bytes))).Take(2)];
                if (documents.Find(d => d.Fault is not null)?.Fault is { } fault) return Statuses.BadRequest($"line {fault.Line}: {fault.Message}");
                if (documents is not [{ Json: { } json }]) return Statuses.BadRequest("a body is one YAML document; send each object in a request of its own");
                decoded = ResourceDecoder.Decode(json, kind, unknownFields);
                break;
            case KubernetesProtobuf.MediaType when kind == ResourceKinds.Namespace:
                return KubernetesProtobuf.ReadNamespace(body.Bytes) is { } read ? read : Statuses.BadRequest("the body is no Kubernetes protobuf of a v1 Namespace");
            default:
                return Statuses.UnsupportedMediaType($"the media type {body.MediaType} is not supported; send application/json or application/yaml");
        }
        foreach (Fault warning in decoded.Findings.Warnings) Replies.Warn(http, warning.ToString());
        if (decoded.Resource is null || !decoded.Findings.IsValid) return Refuse(kind, decoded.Resource?.Name, Validate(decoded));
        return decoded.Resource;
    }

    /// <summary>Fills in defaults and checks every rule of the kind, and what may not change.</summary>
    public static Outcome<Resource> Complete(HttpContext http, ResourceKind kind, Resource? before, Resource resource)
    {
        Resource complete = Defaults.Apply(resource);
        Findings findings = Validator.Validate(complete);
        if (before is not null) findings.Merge(Validator.ValidateUpdate(before, complete));
        foreach (Fault warning in findings.Warnings) Replies.Warn(http, warning.ToString());
        return findings.IsValid ? complete : Refuse(kind, complete.Name, findings);
    }

    // Whoever has a field misspelt wants to hear of his wrong values too.
    private static Findings Validate(Decoded decoded)
    {
        if (decoded.Resource is { } readable) decoded.Findings.Merge(Validator.Validate(Defaults.Apply(readable)));
        return decoded.Findings;
    }

    private static Status Refuse(ResourceKind kind, string? name, Findings findings)
    {
        IReadOnlyList<StatusCause> causes = [.. findings.Faults.Select(f => f.ToCause())];
        bool unreadable = findings.Faults.Any(f => f.Reason is FaultReason.Malformed or FaultReason.TypeInvalid or FaultReason.UnknownField);
        if (!unreadable) return Statuses.Invalid(kind, name ?? "", causes);
        string all = string.Join("; ", findings.Faults);
        return Statuses.BadRequest($"{kind.Kind} in version \"{kind.Version}\" cannot be handled as a {kind.Kind}: {all}", causes);
    }
}
