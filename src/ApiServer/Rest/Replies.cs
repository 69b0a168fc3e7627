using System.Text;
using System.Text.Json;
using Margay.Api.Resources;

namespace Margay.ApiServer.Rest;

/// <summary>Writes answers.</summary>
internal static class Replies
{
    public const string Json = "application/json";

    public static Task StatusAsync(HttpContext http, Status status)
    {
        int code = status.Code ?? 200;
        if (code == 401) http.Response.Headers.WWWAuthenticate = "Bearer realm=\"margay\"";
        if (status.Details?.RetryAfterSeconds is { } seconds) http.Response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return BytesAsync(http, code, JsonSerializer.SerializeToUtf8Bytes(status, ApiJsonContext.Default.Status));
    }

    public static Task ObjectAsync(HttpContext http, int code, ResourceKind kind, Resource resource) =>
        BytesAsync(http, code, JsonSerializer.SerializeToUtf8Bytes(resource, kind.TypeInfo));

    public static async Task BytesAsync(HttpContext http, int code, ReadOnlyMemory<byte> json, string contentType = Json)
    {
        http.Response.StatusCode = code;
        http.Response.ContentType = contentType;
        http.Response.ContentLength = json.Length;
        if (!HttpMethods.IsHead(http.Request.Method)) await http.Response.Body.WriteAsync(json, http.RequestAborted).ConfigureAwait(false);
    }

    public static Task TextAsync(HttpContext http, int code, string text, string contentType = "text/plain; charset=utf-8") =>
        BytesAsync(http, code, Encoding.UTF8.GetBytes(text), contentType);

    /// <summary>RFC 7234 section 5.5 with code 299: how Kubernetes tells a client what it accepted but does not like.</summary>
    public static void Warn(HttpContext http, string text)
    {
        StringBuilder quoted = new("299 - \"");
        foreach (char c in text)
        {
            if (c is '"' or '\\') quoted.Append('\\');
            // Header values are ASCII; anything else would have the whole answer refused.
            quoted.Append(c is >= ' ' and <= '~' ? c : '?');
        }
        http.Response.Headers.Append("Warning", quoted.Append('"').ToString());
    }
}
