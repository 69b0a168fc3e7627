namespace Margay.ApiServer.Rest.Tables;

/// <summary>A client's wish for a table, from its Accept header: <c>application/json;as=Table;v=v1;g=meta.k8s.io</c> (kubectl get).</summary>
internal sealed record TableRequest(string Version, string IncludeObject)
{
    /// <summary>Null when the client wants objects.</summary>
    public static TableRequest? Read(HttpRequest request)
    {
        foreach (string? header in request.Headers.Accept)
        {
            foreach (string option in (header ?? "").Split(',', StringSplitOptions.TrimEntries))
            {
                string[] parts = option.Split(';', StringSplitOptions.TrimEntries);
                if (parts[0] is not ("application/json" or "*/*") || parts.Contains("as=PartialObjectMetadata") || parts.Contains("as=PartialObjectMetadataList")) continue;
                // The first option that can be met wins.
                if (!parts.Contains("as=Table")) return null;
                if (!parts.Contains("g=meta.k8s.io")) continue;
                if (parts.Contains("v=v1")) return Of("meta.k8s.io/v1", request);
                if (parts.Contains("v=v1beta1")) return Of("meta.k8s.io/v1beta1", request);
            }
        }
        return null;
    }

    private static TableRequest Of(string version, HttpRequest request)
    {
        string wanted = request.Query["includeObject"].ToString();
        return new TableRequest(version, wanted is "Object" or "None" ? wanted : "Metadata");
    }
}
