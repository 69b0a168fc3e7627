using System.Globalization;
using System.Text.Json;
using Margay.Api.Resources;
using Margay.Store;

namespace Margay.ApiServer.Registry;

/// <summary>
/// An object as read from the store: the record, and its JSON as every reader gets it. Decoded once per written value and remembered with
/// it, so that two hundred watchers share the bytes. What is stored lacks resourceVersion, which only the commit knows.
/// </summary>
internal sealed class StoredObject
{
    private StoredObject(ResourceKind kind, Resource resource, long revision)
    {
        Kind = kind;
        Resource = WithRevision(resource, revision);
        Json = Encode(kind, Resource);
    }

    public ResourceKind Kind { get; }
    public Resource Resource { get; }
    public ReadOnlyMemory<byte> Json { get; }

    public static StoredObject Of(ResourceKind kind, StoredValue value)
    {
        if (value.Decoded is StoredObject known) return known;
        Resource resource = (Resource)JsonSerializer.Deserialize(value.Value.Span, kind.TypeInfo)!;
        StoredObject decoded = new(kind, resource, value.ModRevision);
        value.Decoded = decoded;
        return decoded;
    }

    /// <summary>What a deletion shows: the last state, with the revision of the deletion.</summary>
    public static StoredObject OfDeleted(ResourceKind kind, StoreEvent deletion) => new(kind, Of(kind, deletion.Previous!).Resource, deletion.Revision);

    public static Resource WithRevision(Resource resource, long revision) =>
        resource with { Metadata = resource.Metadata with { ResourceVersion = revision.ToString(CultureInfo.InvariantCulture) } };

    public static byte[] Encode(ResourceKind kind, Resource resource) => JsonSerializer.SerializeToUtf8Bytes(resource, kind.TypeInfo);

    /// <summary>As it is stored.</summary>
    public static byte[] EncodeForStore(ResourceKind kind, Resource resource) =>
        Encode(kind, resource with { Metadata = resource.Metadata with { ResourceVersion = null } });
}
