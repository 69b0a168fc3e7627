using Margay.Api.Resources;
using Margay.ApiServer.Registry;
using Margay.ApiServer.Rest.Patches;
using Margay.ApiServer.Watch;

namespace Margay.ApiServer.Rest;

/// <summary>The verbs on resource paths. Chooses the verb, reads its parameters and body, and answers; the registry does the work.</summary>
internal sealed class ResourceHandler(ObjectRegistry registry, ListHandler lists, WatchHandler watches, TimeProvider time)
{
    public async Task HandleAsync(HttpContext http, RequestTarget target)
    {
        string method = http.Request.Method;
        bool isCollection = target.Name is null;
        Task<Status?> handled = method switch
        {
            "GET" or "HEAD" when isCollection || http.Request.Query.ContainsKey("watch") => ListAsync(http, target),
            "GET" or "HEAD" => GetAsync(http, target),
            "POST" when isCollection => CreateAsync(http, target),
            "PUT" when !isCollection => ReplaceAsync(http, target),
            "PATCH" when !isCollection => PatchAsync(http, target),
            "DELETE" when isCollection => DeleteCollectionAsync(http, target),
            "DELETE" when target.Subresource is null => DeleteAsync(http, target),
            _ => Task.FromResult<Status?>(Statuses.MethodNotAllowed(method, http.Request.Path)),
        };
        if (await handled.ConfigureAwait(false) is { } refusal) await Replies.StatusAsync(http, refusal).ConfigureAwait(false);
    }

    private async Task<Status?> ListAsync(HttpContext http, RequestTarget target)
    {
        Outcome<ListOptions> options = ListOptions.Read(http.Request.Query, target.Name);
        if (options.IsRefused(out Status refusal)) return refusal;
        return options.Value!.Watch
            ? await watches.HandleAsync(http, target, options.Value).ConfigureAwait(false)
            : await lists.HandleAsync(http, target, options.Value).ConfigureAwait(false);
    }

    private async Task<Status?> GetAsync(HttpContext http, RequestTarget target)
    {
        if (registry.Get(target.Kind, target.Namespace, target.Name!) is not { } found) return Statuses.NotFound(target.Kind, target.Name!);
        await AnswerAsync(http, 200, target.Kind, found.Resource).ConfigureAwait(false);
        return null;
    }

    private async Task<Status?> CreateAsync(HttpContext http, RequestTarget target)
    {
        ResourceKind kind = target.Kind;
        if (kind.Namespaced && target.Namespace is null) return Statuses.BadRequest($"create {kind.Plural} in a namespace: POST …/namespaces/NAMESPACE/{kind.Plural}");
        Outcome<WriteOptions> options = WriteOptions.Read(http.Request.Query);
        if (options.IsRefused(out Status refusal)) return refusal;
        Outcome<RequestBody> body = await RequestBody.ReadAsync(http).ConfigureAwait(false);
        if (body.IsRefused(out refusal)) return refusal;
        Outcome<Resource> decoded = BodyDecoder.Decode(http, kind, body.Value!, options.Value!.FieldValidation);
        if (decoded.IsRefused(out refusal)) return refusal;
        Resource resource = decoded.Value!;
        if (resource.Metadata.ResourceVersion is not null) return Statuses.BadRequest("metadata.resourceVersion must not be set on an object to be created");
        Outcome<Resource> placed = Identity.Place(target, resource);
        if (placed.IsRefused(out refusal)) return refusal;
        Outcome<Resource> complete = BodyDecoder.Complete(http, kind, null, placed.Value!);
        if (complete.IsRefused(out refusal)) return refusal;
        Outcome<Resource> created = await registry.CreateAsync(kind, complete.Value!, options.Value.DryRun, http.RequestAborted).ConfigureAwait(false);
        if (created.IsRefused(out refusal)) return refusal;
        await AnswerAsync(http, 201, kind, created.Value!).ConfigureAwait(false);
        return null;
    }

    private async Task<Status?> ReplaceAsync(HttpContext http, RequestTarget target)
    {
        Outcome<WriteOptions> options = WriteOptions.Read(http.Request.Query);
        if (options.IsRefused(out Status refusal)) return refusal;
        Outcome<RequestBody> body = await RequestBody.ReadAsync(http).ConfigureAwait(false);
        if (body.IsRefused(out refusal)) return refusal;
        Outcome<Resource> decoded = BodyDecoder.Decode(http, target.Kind, body.Value!, options.Value!.FieldValidation);
        if (decoded.IsRefused(out refusal)) return refusal;
        return await UpdateAsync(http, target, options.Value.DryRun, _ => decoded).ConfigureAwait(false);
    }

    private async Task<Status?> PatchAsync(HttpContext http, RequestTarget target)
    {
        Outcome<WriteOptions> options = WriteOptions.Read(http.Request.Query);
        if (options.IsRefused(out Status refusal)) return refusal;
        Outcome<RequestBody> body = await RequestBody.ReadAsync(http).ConfigureAwait(false);
        if (body.IsRefused(out refusal)) return refusal;
        Outcome<Patch> patch = Patch.Parse(body.Value!);
        if (patch.IsRefused(out refusal)) return refusal;
        return await UpdateAsync(http, target, options.Value!.DryRun, before => Patched(http, target.Kind, patch.Value!, before, options.Value.FieldValidation)).ConfigureAwait(false);
    }

    private static Outcome<Resource> Patched(HttpContext http, ResourceKind kind, Patch patch, Resource before, FieldValidation validation)
    {
        Outcome<byte[]> patched = patch.Apply(StoredObject.Encode(kind, before));
        if (patched.IsRefused(out Status refusal)) return refusal;
        return BodyDecoder.Decode(http, kind, new RequestBody(patched.Value!, Replies.Json), validation);
    }

    private async Task<Status?> UpdateAsync(HttpContext http, RequestTarget target, bool dryRun, Func<Resource, Outcome<Resource>> read)
    {
        Outcome<Resource> Change(Resource before)
        {
            Outcome<Resource> decoded = read(before);
            if (decoded.IsRefused(out Status refusal)) return refusal;
            Outcome<Resource> placed = Identity.Place(target, decoded.Value!);
            if (placed.IsRefused(out refusal)) return refusal;
            if (placed.Value!.Metadata.Uid is { } uid && uid != before.Metadata.Uid)
            {
                return Statuses.Conflict(target.Kind, before.Name, $"it has uid {before.Metadata.Uid} and not {uid}: it was deleted and created anew");
            }
            if (target.Subresource == "status")
            {
                return StatusPart.Copy(placed.Value!, before) with { Metadata = before.Metadata with { ResourceVersion = placed.Value!.Metadata.ResourceVersion } };
            }
            return BodyDecoder.Complete(http, target.Kind, before, StatusPart.Copy(before, placed.Value!));
        }

        Outcome<Resource> updated = await registry.UpdateAsync(target.Kind, target.Namespace, target.Name!, dryRun, Change, http.RequestAborted).ConfigureAwait(false);
        if (updated.IsRefused(out Status refused)) return refused;
        await AnswerAsync(http, 200, target.Kind, updated.Value!).ConfigureAwait(false);
        return null;
    }

    private async Task<Status?> DeleteAsync(HttpContext http, RequestTarget target)
    {
        Outcome<DeleteOptions> options = await ReadDeleteOptionsAsync(http).ConfigureAwait(false);
        if (options.IsRefused(out Status refusal)) return refusal;
        Outcome<Resource> deleted = await registry.DeleteAsync(target.Kind, target.Namespace, target.Name!, options.Value!.DryRun, r => options.Value.Check(target.Kind, r), http.RequestAborted).ConfigureAwait(false);
        if (deleted.IsRefused(out refusal)) return refusal;
        await Replies.StatusAsync(http, Statuses.Deleted(target.Kind, deleted.Value!)).ConfigureAwait(false);
        return null;
    }

    private async Task<Status?> DeleteCollectionAsync(HttpContext http, RequestTarget target)
    {
        if (target.Kind.Namespaced && target.Namespace is null) return Statuses.MethodNotAllowed("DELETE", http.Request.Path);
        Outcome<ListOptions> selection = ListOptions.Read(http.Request.Query, null);
        if (selection.IsRefused(out Status refusal)) return refusal;
        Outcome<DeleteOptions> options = await ReadDeleteOptionsAsync(http).ConfigureAwait(false);
        if (options.IsRefused(out refusal)) return refusal;
        List<StoredObject> deleted = [];
        foreach (StoredObject found in lists.Select(target, selection.Value!.Filter))
        {
            Outcome<Resource> one = await registry.DeleteAsync(target.Kind, found.Resource.Namespace, found.Resource.Name, options.Value!.DryRun, _ => null, http.RequestAborted).ConfigureAwait(false);
            if (one.Refusal is { Code: not 404 } stopped) return stopped;
            if (one.Refusal is null) deleted.Add(found);
        }
        await lists.AnswerAsync(http, target.Kind, deleted, new ListMeta { ResourceVersion = Text(registry.Store.Current.Revision) }).ConfigureAwait(false);
        return null;
    }

    private static async Task<Outcome<DeleteOptions>> ReadDeleteOptionsAsync(HttpContext http)
    {
        Outcome<WriteOptions> query = WriteOptions.Read(http.Request.Query);
        if (query.IsRefused(out Status refusal)) return refusal;
        Outcome<RequestBody> body = await RequestBody.ReadAsync(http).ConfigureAwait(false);
        if (body.IsRefused(out refusal)) return refusal;
        return DeleteOptions.Read(body.Value!.Bytes, query.Value!.DryRun);
    }

    private Task AnswerAsync(HttpContext http, int code, ResourceKind kind, Resource resource) =>
        Tables.TableRequest.Read(http.Request) is { } table
            ? Replies.BytesAsync(http, code, Tables.TableWriter.Write(kind, table, [resource], new ListMeta { ResourceVersion = resource.Metadata.ResourceVersion }, time.GetUtcNow()))
            : Replies.ObjectAsync(http, code, kind, resource);

    private static string Text(long number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
