using System.Text.Json.Nodes;
using Margay.Api.Resources;

namespace Margay.ApiServer.Rest.Patches;

/// <summary>JSON Patch (RFC 6902): operations in order, all or none.</summary>
internal sealed class JsonPatch : Patch
{
    private sealed record Operation(string Name, JsonPointer Path, JsonPointer? From, JsonNode? Value);

    private readonly IReadOnlyList<Operation> _operations;

    private JsonPatch(IReadOnlyList<Operation> operations) => _operations = operations;

    public static Outcome<Patch> Read(JsonNode? document)
    {
        if (document is not JsonArray array) return Statuses.BadRequest("a JSON patch is a list of operations");
        if (array.Count > 10_000) return Statuses.TooLarge(10_000) with { Message = $"the patch has {array.Count} operations, at most 10000 are taken" };
        List<Operation> operations = [];
        for (int i = 0; i < array.Count; i++)
        {
            if (ReadOperation(array[i], out string? fault) is not { } operation) return Statuses.BadRequest($"[{i}]: {fault}");
            operations.Add(operation);
        }
        return new JsonPatch(operations);
    }

    private static Operation? ReadOperation(JsonNode? node, out string? fault)
    {
        fault = null;
        JsonObject? operation = node as JsonObject;
        string? name = Text(operation, "op");
        bool hasValue = operation?.ContainsKey("value") ?? false;
        if (name is not ("add" or "remove" or "replace" or "move" or "copy" or "test")) fault = "op must be one of add, remove, replace, move, copy, test";
        else if (JsonPointer.Parse(Text(operation, "path")) is not { } path) fault = "path must be a JSON pointer, such as /spec/order";
        else if (name is "add" or "replace" or "test" && !hasValue) fault = $"{name} needs a value";
        else if (name is "move" or "copy" && JsonPointer.Parse(Text(operation, "from")) is null) fault = $"{name} needs from, a JSON pointer";
        else return new Operation(name, path, JsonPointer.Parse(Text(operation, "from")), operation!["value"]);
        return null;
    }

    protected override Outcome<JsonNode> ApplyTo(JsonNode target)
    {
        JsonNode? root = target;
        for (int i = 0; i < _operations.Count; i++)
        {
            Operation operation = _operations[i];
            string? fault = Apply(ref root, operation);
            if (fault is null) continue;
            Status refusal = Statuses.BadRequest($"[{i}] {operation.Name} {operation.Path}: {fault}");
            return operation.Name == "test" ? refusal with { Code = 422, Reason = "Invalid" } : refusal;
        }
        return root is JsonObject ? root : Statuses.BadRequest("the patch replaces the object by something that is none");
    }

    private static string? Apply(ref JsonNode? root, Operation operation)
    {
        switch (operation.Name)
        {
            case "add":
                return operation.Path.Add(ref root, operation.Value?.DeepClone());
            case "remove":
                return operation.Path.Remove(ref root);
            case "replace":
                return operation.Path.Remove(ref root) ?? operation.Path.Add(ref root, operation.Value?.DeepClone());
            case "test":
                return operation.Path.TryGet(root, out JsonNode? found) && JsonNode.DeepEquals(found, operation.Value) ? null : "the value is another one";
            default:
                if (!operation.From!.TryGet(root, out JsonNode? source)) return $"there is nothing at {operation.From}";
                if (operation.Name == "copy") return operation.Path.Add(ref root, source?.DeepClone());
                if (operation.Path.IsWithin(operation.From)) return "an object cannot be moved into itself";
                return operation.From.Remove(ref root) ?? operation.Path.Add(ref root, source);
        }
    }

    private static string? Text(JsonObject? node, string name) => node?[name] is JsonValue value && value.TryGetValue(out string? text) ? text : null;
}
