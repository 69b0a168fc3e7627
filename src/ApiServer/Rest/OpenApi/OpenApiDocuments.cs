using System.Security.Cryptography;
using Margay.Api.Resources;

namespace Margay.ApiServer.Rest.OpenApi;

/// <summary>The OpenAPI documents, made when first asked for.</summary>
internal sealed class OpenApiDocuments
{
    // Clients ask for ".v2@v1.0", which is no media type (RFC 6838) and which they cannot read in an answer.
    private const string Protobuf = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

    private readonly Lazy<(byte[] Json, byte[] Protobuf)> _version2 = new(MakeVersion2);
    private readonly Lazy<Dictionary<string, byte[]>> _version3 = new(MakeVersion3);

    public (byte[] Bytes, string ContentType)? Find(HttpContext http)
    {
        string path = http.Request.Path.Value!;
        if (path == "/openapi/v2")
        {
            bool wantsProtobuf = http.Request.Headers.Accept.ToString().Contains("proto-openapi", StringComparison.Ordinal);
            return wantsProtobuf ? (_version2.Value.Protobuf, Protobuf) : (_version2.Value.Json, Replies.Json);
        }
        return path.StartsWith("/openapi/v3", StringComparison.Ordinal) && _version3.Value.TryGetValue(path, out byte[]? document) ? (document, Replies.Json) : null;
    }

    private static (byte[] Json, byte[] Protobuf) MakeVersion2()
    {
        SchemaBuilder schemas = new();
        foreach (ResourceKind kind in ResourceKinds.All) schemas.Add(kind);
        return (JsonDocumentWriter.Version2(schemas.Definitions, ResourceKinds.All), ProtobufDocumentWriter.Version2(schemas.Definitions));
    }

    private static Dictionary<string, byte[]> MakeVersion3()
    {
        Dictionary<string, byte[]> documents = new(StringComparer.Ordinal);
        List<(string Path, string Hash)> index = [];
        foreach (IGrouping<string, ResourceKind> version in ResourceKinds.All.GroupBy(k => k.Group.Length == 0 ? $"api/{k.Version}" : $"apis/{k.ApiVersion}"))
        {
            SchemaBuilder schemas = new();
            foreach (ResourceKind kind in version) schemas.Add(kind);
            byte[] document = JsonDocumentWriter.Version3(schemas.Definitions, version);
            documents[$"/openapi/v3/{version.Key}"] = document;
            index.Add((version.Key, Convert.ToHexString(SHA256.HashData(document))));
        }
        documents["/openapi/v3"] = JsonDocumentWriter.Version3Index(index);
        return documents;
    }
}
