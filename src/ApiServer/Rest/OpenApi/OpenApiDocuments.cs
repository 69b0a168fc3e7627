namespace Margay.ApiServer.Rest.OpenApi;

internal sealed class OpenApiDocuments
{
    public (byte[] Bytes, string ContentType)? Find(HttpContext http) => null;
}
