using System.Security.Cryptography;
using Margay.Api.Resources;
using Margay.ApiServer.Admission;
using Margay.ApiServer.Rest;
using Margay.Store;

namespace Margay.ApiServer.Registry;

// Typed objects over the store. Every write goes the same way:
//
//   object, valid by itself ─► stamp metadata ─► admission rules against a snapshot ─► one transaction ─► done, or again from a newer snapshot
//
// A write that names a resourceVersion is tried on that version only; one that does not is tried again when it loses a race.

/// <summary>Reads and writes objects, with metadata and admission. Safe for concurrent use; holds no state of its own.</summary>
internal sealed class ObjectRegistry(IStore store, TimeProvider time)
{
    /// <summary>A write that loses this many races in a row is told so.</summary>
    private const int Attempts = 20;

    private const string NameAlphabet = "bcdfghjklmnpqrstvwxz2456789";

    public IStore Store => store;

    public StoredObject? Get(ResourceKind kind, string? @namespace, string name) =>
        store.Current.Get(ObjectKeys.Of(kind, @namespace, name)) is { } value ? StoredObject.Of(kind, value) : null;

    /// <summary>Stores a new object; with <paramref name="dryRun"/> only says what would become of it.</summary>
    public async Task<Outcome<Resource>> CreateAsync(ResourceKind kind, Resource resource, bool dryRun, CancellationToken cancel)
    {
        for (int attempt = 0; ; attempt++)
        {
            Resource stamped = AdmissionRules.Complete(null, Stamp(kind, resource), store.Current);
            string key = ObjectKeys.Of(kind, stamped.Namespace, stamped.Name);
            Outcome<WriteResult> written = await WriteAsync(new(kind, null, stamped, store.Current), StoreWrite.Create(key, StoredObject.EncodeForStore(kind, stamped)), dryRun, cancel).ConfigureAwait(false);
            if (written.IsRefused(out Status refusal)) return refusal;
            WriteResult result = written.Value!;
            if (result.IsWritten) return dryRun ? stamped : StoredObject.WithRevision(stamped, result.Revision);
            bool taken = result.Outcome == WriteOutcome.Conflict && result.Key == key;
            bool generated = resource.Metadata.Name is null;
            if ((taken && !generated) || attempt >= Attempts) return taken ? Statuses.AlreadyExists(kind, stamped.Name) : Contended(kind, stamped.Name);
        }
    }

    /// <summary>Replaces an object by what <paramref name="change"/> makes of the current one.</summary>
    /// <param name="change">Called again with a newer object when a race is lost. Gives an object valid by itself.</param>
    public async Task<Outcome<Resource>> UpdateAsync(ResourceKind kind, string? @namespace, string name, bool dryRun, Func<Resource, Outcome<Resource>> change, CancellationToken cancel)
    {
        string key = ObjectKeys.Of(kind, @namespace, name);
        for (int attempt = 0; ; attempt++)
        {
            StoreSnapshot state = store.Current;
            if (state.Get(key) is not { } stored) return Statuses.NotFound(kind, name);
            Resource before = StoredObject.Of(kind, stored).Resource;
            Outcome<Resource> changed = change(before);
            if (changed.IsRefused(out Status refusal)) return refusal;
            string? expected = changed.Value!.Metadata.ResourceVersion;
            if (expected is not null && expected != before.Metadata.ResourceVersion) return Statuses.Modified(kind, name);
            Resource after = Keep(kind, before, AdmissionRules.Complete(before, changed.Value, state));
            byte[] bytes = StoredObject.EncodeForStore(kind, after);
            // Writing what is there already would wake every watcher for nothing.
            if (stored.Value.Span.SequenceEqual(bytes)) return before;
            Outcome<WriteResult> written = await WriteAsync(new(kind, before, after, state), StoreWrite.Update(key, bytes, stored.ModRevision), dryRun, cancel).ConfigureAwait(false);
            if (written.IsRefused(out refusal)) return refusal;
            if (written.Value!.IsWritten) return dryRun ? after : StoredObject.WithRevision(after, written.Value.Revision);
            if (attempt >= Attempts) return Contended(kind, name);
        }
    }

    /// <summary>Removes an object and gives its last state.</summary>
    /// <param name="allowed">A precondition on the current object; a refusal ends it.</param>
    public async Task<Outcome<Resource>> DeleteAsync(ResourceKind kind, string? @namespace, string name, bool dryRun, Func<Resource, Status?> allowed, CancellationToken cancel)
    {
        string key = ObjectKeys.Of(kind, @namespace, name);
        for (int attempt = 0; ; attempt++)
        {
            StoreSnapshot state = store.Current;
            if (state.Get(key) is not { } stored) return Statuses.NotFound(kind, name);
            Resource before = StoredObject.Of(kind, stored).Resource;
            if (allowed(before) is { } precondition) return precondition;
            Outcome<WriteResult> written = await WriteAsync(new(kind, before, null, state), StoreWrite.Delete(key, stored.ModRevision), dryRun, cancel).ConfigureAwait(false);
            if (written.IsRefused(out Status refusal)) return refusal;
            if (written.Value!.IsWritten) return before;
            if (attempt >= Attempts) return Contended(kind, name);
        }
    }

    /// <summary>A refusal by a rule or the medium; otherwise the result, which may be a lost race.</summary>
    private async Task<Outcome<WriteResult>> WriteAsync(AdmissionRequest request, StoreWrite write, bool dryRun, CancellationToken cancel)
    {
        // Before the rules: that the object exists already is the better answer than that its address is taken, by itself.
        if (write.ExpectedRevision == 0 && request.State.Get(write.Key) is not null) return new WriteResult(WriteOutcome.Conflict) { Key = write.Key };
        AdmissionEffects effects = new();
        if (AdmissionRules.Check(request, effects) is { } refusal) return refusal;
        if (dryRun) return new WriteResult(WriteOutcome.Written);
        WriteResult result = await store.WriteAsync(new StoreTransaction([write, .. effects.Writes]) { Guards = [.. effects.Guards] }, cancel).ConfigureAwait(false);
        return result.Outcome == WriteOutcome.Unavailable ? Statuses.Unavailable(result.Error ?? "the store is unavailable") : result;
    }

    private Resource Stamp(ResourceKind kind, Resource resource)
    {
        ObjectMeta meta = resource.Metadata with
        {
            Name = resource.Metadata.Name ?? resource.Metadata.GenerateName + RandomNumberGenerator.GetString(NameAlphabet, 5),
            Uid = Guid.NewGuid().ToString(),
            CreationTimestamp = DateTimeOffset.FromUnixTimeSeconds(time.GetUtcNow().ToUnixTimeSeconds()),
            Generation = 1,
            ResourceVersion = null,
        };
        return StatusPart.Initial(resource with { ApiVersion = kind.ApiVersion, Kind = kind.Kind, Metadata = meta });
    }

    /// <summary>What the server owns stays as it was; the generation counts changes of the spec.</summary>
    private static Resource Keep(ResourceKind kind, Resource before, Resource after)
    {
        ObjectMeta old = before.Metadata;
        ObjectMeta meta = after.Metadata with
        {
            Name = old.Name,
            Namespace = old.Namespace,
            GenerateName = old.GenerateName,
            Uid = old.Uid,
            CreationTimestamp = old.CreationTimestamp,
            Generation = SameSpec(kind, before, after) ? old.Generation : (old.Generation ?? 0) + 1,
            ResourceVersion = null,
        };
        return after with { ApiVersion = kind.ApiVersion, Kind = kind.Kind, Metadata = meta };
    }

    private static bool SameSpec(ResourceKind kind, Resource a, Resource b) => SpecBytes(kind, a).AsSpan().SequenceEqual(SpecBytes(kind, b));

    private static byte[] SpecBytes(ResourceKind kind, Resource resource) =>
        StoredObject.Encode(kind, StatusPart.Without(resource) with { ApiVersion = null, Kind = null, Metadata = new ObjectMeta() });

    private static Status Contended(ResourceKind kind, string name) =>
        Statuses.Conflict(kind, name, $"it lost {Attempts} races against other writers; try again") with { Code = 409 };
}
