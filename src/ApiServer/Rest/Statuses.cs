using Margay.Api.Resources;

namespace Margay.ApiServer.Rest;

/// <summary>The refusals of the API, with the codes, reasons and details by which Kubernetes clients tell them apart.</summary>
internal static class Statuses
{
    public static Status NotFound(ResourceKind kind, string name) =>
        Failure(404, "NotFound", $"{Resource(kind)} \"{name}\" not found", Details(kind, name));

    public static Status NoSuchPath(string path) =>
        Failure(404, "NotFound", $"the server has nothing at {path}; GET /apis lists what it serves");

    public static Status AlreadyExists(ResourceKind kind, string name) =>
        Failure(409, "AlreadyExists", $"{Resource(kind)} \"{name}\" already exists", Details(kind, name));

    public static Status Conflict(ResourceKind kind, string name, string why) =>
        Failure(409, "Conflict", $"Operation cannot be fulfilled on {Resource(kind)} \"{name}\": {why}", Details(kind, name));

    public static Status Modified(ResourceKind kind, string name) =>
        Conflict(kind, name, "the object has been modified; please apply your changes to the latest version and try again");

    public static Status Forbidden(ResourceKind kind, string name, string why) =>
        Failure(403, "Forbidden", $"{Resource(kind)} \"{name}\" is forbidden: {why}", Details(kind, name));

    /// <summary>Every fault of an object, each with its field.</summary>
    public static Status Invalid(ResourceKind kind, string name, IReadOnlyList<StatusCause> causes)
    {
        IEnumerable<string> texts = causes.Select(c => c.Field is null ? c.Message ?? "" : $"{c.Field}: {c.Message}");
        string all = causes.Count == 1 ? texts.First() : $"[{string.Join(", ", texts)}]";
        StatusDetails details = new() { Name = name, Group = kind.Group.Length == 0 ? null : kind.Group, Kind = kind.Kind, Causes = causes };
        string type = kind.Group.Length == 0 ? kind.Kind : $"{kind.Kind}.{kind.Group}";
        return Failure(422, "Invalid", $"{type} \"{name}\" is invalid: {all}", details);
    }

    public static Status Invalid(ResourceKind kind, string name, string field, string message) =>
        Invalid(kind, name, [new StatusCause { Reason = "FieldValueInvalid", Field = field, Message = message }]);

    public static Status BadRequest(string message, IReadOnlyList<StatusCause>? causes = null) =>
        Failure(400, "BadRequest", message, causes is null ? null : new StatusDetails { Causes = causes });

    public static Status Unauthorized() =>
        Failure(401, "Unauthorized", "Unauthorized: send the server's token as 'Authorization: Bearer TOKEN' (margay --token-file, kubectl --token)");

    public static Status MethodNotAllowed(string method, string path) =>
        Failure(405, "MethodNotAllowed", $"the server does not allow {method} on {path}");

    public static Status TooLarge(long limit) =>
        Failure(413, "RequestEntityTooLarge", $"the request body is larger than {limit} bytes");

    public static Status UnsupportedMediaType(string message) => Failure(415, "UnsupportedMediaType", message);

    /// <summary>The revision asked for is no longer in the history.</summary>
    public static Status Expired(long asked, long oldest) =>
        Failure(410, "Expired", $"too old resource version: {asked} (the oldest is {oldest}); list again and watch from there");

    /// <summary>The revision asked for is not there yet, which in a store of one's own means that it belonged to another one.</summary>
    public static Status FromTheFuture(long asked, long current) =>
        Failure(410, "Expired", $"resource version {asked} is not of this store, which is at {current}; list again and watch from there");

    public static Status TooLargeVersion(long asked, long current) =>
        Failure(504, "Timeout", $"Too large resource version: {asked}, current: {current}",
            new StatusDetails { Causes = [new StatusCause { Reason = "ResourceVersionTooLarge", Message = "Too large resource version" }], RetryAfterSeconds = 1 });

    public static Status Unavailable(string why) => Failure(503, "ServiceUnavailable", why);

    public static Status Internal() => Failure(500, "InternalError", "internal error; the server's log has the details");

    public static Status Deleted(ResourceKind kind, Resource resource) => new()
    {
        Outcome = "Success",
        Details = Details(kind, resource.Name) with { Uid = resource.Metadata.Uid },
    };

    private static Status Failure(int code, string reason, string message, StatusDetails? details = null) =>
        new() { Outcome = "Failure", Code = code, Reason = reason, Message = message, Details = details };

    private static StatusDetails Details(ResourceKind kind, string name) =>
        new() { Name = name, Group = kind.Group.Length == 0 ? null : kind.Group, Kind = kind.Plural };

    private static string Resource(ResourceKind kind) => kind.Group.Length == 0 ? kind.Plural : $"{kind.Plural}.{kind.Group}";
}
