using System.Text.Json;
using Margay.Api.Resources;
using Microsoft.Extensions.Primitives;

namespace Margay.ApiServer.Rest;

/// <summary>How to treat fields that the kind does not have.</summary>
internal enum FieldValidation
{
    /// <summary>Refuse, naming all of them. The default: a misspelt field in a policy opens or closes a network.</summary>
    Strict,
    Warn,
    Ignore,
}

/// <summary>The query parameters of a write. Kubernetes' <c>fieldManager</c>, <c>pretty</c> and <c>propagationPolicy</c> are taken and mean nothing here.</summary>
internal sealed record WriteOptions(bool DryRun, FieldValidation FieldValidation)
{
    public static Outcome<WriteOptions> Read(IQueryCollection query)
    {
        if (!TryReadDryRun(query["dryRun"], out bool dryRun)) return Statuses.BadRequest($"dryRun: \"{query["dryRun"]}\" is not supported; the only value is All");
        string text = query["fieldValidation"].ToString();
        if (text.Length == 0) return new WriteOptions(dryRun, FieldValidation.Strict);
        if (!Enum.TryParse(text, out FieldValidation validation) || !Enum.IsDefined(validation)) return Statuses.BadRequest($"fieldValidation: \"{text}\" is none of Strict, Warn, Ignore");
        return new WriteOptions(dryRun, validation);
    }

    private static bool TryReadDryRun(StringValues values, out bool dryRun)
    {
        dryRun = values.Count > 0;
        return values.All(v => v == "All");
    }
}

/// <summary>What a deletion may carry in its body (Kubernetes <c>DeleteOptions</c>). Propagation and grace periods are taken and mean nothing: nothing here has dependents.</summary>
internal sealed record DeleteOptions(bool DryRun, string? Uid, string? ResourceVersion)
{
    public static Outcome<DeleteOptions> Read(ReadOnlyMemory<byte> body, bool dryRun)
    {
        if (body.IsEmpty) return new DeleteOptions(dryRun, null, null);
        try
        {
            using JsonDocument document = JsonDocument.Parse(body);
            JsonElement root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object) return Statuses.BadRequest("the body of a DELETE is a DeleteOptions object");
            if (root.TryGetProperty("dryRun", out JsonElement dry) && dry.ValueKind == JsonValueKind.Array) dryRun |= dry.EnumerateArray().Any(v => v.ValueEquals("All"));
            JsonElement conditions = root.TryGetProperty("preconditions", out JsonElement given) && given.ValueKind == JsonValueKind.Object ? given : default;
            return new DeleteOptions(dryRun, Text(conditions, "uid"), Text(conditions, "resourceVersion"));
        }
        catch (JsonException e)
        {
            return Statuses.BadRequest($"the body of the DELETE is no JSON: {e.Message}");
        }
    }

    /// <summary>Why this object is not the one meant.</summary>
    public Status? Check(ResourceKind kind, Resource resource)
    {
        if (Uid is not null && Uid != resource.Metadata.Uid) return Statuses.Conflict(kind, resource.Name, $"the precondition names uid {Uid}, the object has {resource.Metadata.Uid}");
        if (ResourceVersion is not null && ResourceVersion != resource.Metadata.ResourceVersion) return Statuses.Conflict(kind, resource.Name, $"the precondition names resourceVersion {ResourceVersion}, the object has {resource.Metadata.ResourceVersion}");
        return null;
    }

    private static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
