using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Margay.Api.Client;
using Margay.Api.Resources;
using Margay.Api.Validation;

namespace Margay.Ctl.Tests;

/// <summary>
/// As much of margay-server as the CLI talks to, in memory: objects by path, revisions, admission by the real validator, merge patches.
/// What it cannot show (streams, conflicts of many writers) is in test/Interop/Ctl with the real one.
/// </summary>
internal sealed class FakeServer : HttpMessageHandler
{
    private readonly SortedDictionary<string, JsonObject> _objects = new(StringComparer.Ordinal);
    private int _revision = 100;

    public List<string> Writes { get; } = [];
    public bool IsDown { get; set; }

    /// <summary>Answers these writes with a failure instead.</summary>
    public Func<string, HttpStatusCode?> Refuse { get; set; } = static _ => null;

    public JsonObject? this[string path] => _objects.GetValueOrDefault(path);

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (IsDown) throw new HttpRequestException("Connection refused");
        string path = request.RequestUri!.AbsolutePath, body = request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken);
        if (request.Method != HttpMethod.Get)
        {
            Writes.Add($"{request.Method} {path}");
            if (Refuse(path) is { } code) return Failure(code, "refused by the test");
        }

        return request.Method.Method switch
        {
            "GET" => _objects.TryGetValue(path, out JsonObject? one) ? Ok(one) : IsCollection(path) ? List(path) : Failure(HttpStatusCode.NotFound, $"{path} not found"),
            "DELETE" => _objects.Remove(path, out JsonObject? gone) ? Ok(gone) : Failure(HttpStatusCode.NotFound, $"{path} not found"),
            "POST" => Create(path, JsonNode.Parse(body)!.AsObject()),
            "PUT" => Write(path, JsonNode.Parse(body)!.AsObject()),
            "PATCH" when request.Content!.Headers.ContentType!.MediaType == MediaType.MergePatch => Patch(path, JsonNode.Parse(body)!.AsObject()),
            _ => Failure(HttpStatusCode.UnsupportedMediaType, "not by this fake"),
        };
    }

    private HttpResponseMessage Create(string path, JsonObject body)
    {
        string key = $"{path}/{body["metadata"]!["name"]}";
        if (!_objects.ContainsKey(key)) return Write(key, body, HttpStatusCode.Created);
        return Failure(HttpStatusCode.Conflict, $"{key} already exists", "AlreadyExists");
    }

    private HttpResponseMessage Patch(string path, JsonObject patch)
    {
        if (!_objects.TryGetValue(path, out JsonObject? current)) return Failure(HttpStatusCode.NotFound, $"{path} not found");
        var merged = (JsonObject)current.DeepClone();
        Merge(merged, patch);
        return Write(path, merged);
    }

    private HttpResponseMessage Write(string path, JsonObject body, HttpStatusCode code = HttpStatusCode.OK)
    {
        Decoded decoded = ResourceDecoder.Admit(Encoding.UTF8.GetBytes(body.ToJsonString()));
        if (!decoded.IsValid) return Failure(HttpStatusCode.UnprocessableEntity, decoded.Findings.ToStatus(decoded.Kind, decoded.Resource?.Name).Message!);
        body["metadata"]!["resourceVersion"] = (++_revision).ToString(System.Globalization.CultureInfo.InvariantCulture);
        body["metadata"]!["creationTimestamp"] = "2026-01-01T00:00:00Z";
        _objects[path] = body;
        return Ok(body, code);
    }

    private HttpResponseMessage List(string path)
    {
        string plural = path[(path.LastIndexOf('/') + 1)..];
        bool isNamespaced = path.Contains("/namespaces/", StringComparison.Ordinal);
        IEnumerable<JsonNode?> items = _objects.Where(o => isNamespaced ? o.Key.StartsWith(path + "/", StringComparison.Ordinal) : o.Key.StartsWith(path[..^plural.Length], StringComparison.Ordinal) && o.Key.Split('/')[^2] == plural).Select(o => o.Value.DeepClone());
        return Ok(new JsonObject { ["kind"] = "List", ["metadata"] = new JsonObject { ["resourceVersion"] = $"{_revision}" }, ["items"] = new JsonArray([.. items]) });
    }

    private static bool IsCollection(string path) => ResourceKinds.All.Any(k => path.EndsWith("/" + k.Plural, StringComparison.Ordinal));

    private static void Merge(JsonObject target, JsonObject patch)
    {
        foreach ((string name, JsonNode? value) in patch)
        {
            if (value is null) target.Remove(name);
            else if (value is JsonObject inner && target[name] is JsonObject existing) Merge(existing, inner);
            else target[name] = value.DeepClone();
        }
    }

    private static HttpResponseMessage Ok(JsonObject body, HttpStatusCode code = HttpStatusCode.OK) => new(code) { Content = new StringContent(body.ToJsonString()) };

    private static HttpResponseMessage Failure(HttpStatusCode code, string message, string reason = "") => new(code)
    {
        Content = new StringContent(new JsonObject { ["kind"] = "Status", ["status"] = "Failure", ["message"] = message, ["reason"] = reason }.ToJsonString()),
    };
}
