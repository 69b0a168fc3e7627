using System.Text;
using Margay.Api.Resources;

namespace Margay.Api.Client;

/// <summary>Where the server keeps what.</summary>
public static class ResourceUrls
{
    /// <summary>/apis/GROUP/VERSION[/namespaces/NS]/PLURAL[/NAME][/SUBRESOURCE]; without a namespace, all of them.</summary>
    public static string Of(ResourceKind kind, string? ns = null, string? name = null, string? subresource = null)
    {
        var url = new StringBuilder(96);
        if (kind.Group.Length == 0) url.Append("/api/");
        else url.Append("/apis/").Append(kind.Group).Append('/');
        url.Append(kind.Version);
        if (kind.Namespaced && ns is not null) url.Append("/namespaces/").Append(Uri.EscapeDataString(ns));
        url.Append('/').Append(kind.Plural);
        if (name is not null) url.Append('/').Append(Uri.EscapeDataString(name));
        if (subresource is not null) url.Append('/').Append(subresource);
        return url.ToString();
    }
}
