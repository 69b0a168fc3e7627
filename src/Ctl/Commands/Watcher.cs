using System.Text.Json;
using Margay.Api.Client;
using Margay.Api.Resources;
using Margay.Ctl.Manifests;
using Margay.Ctl.Output;

namespace Margay.Ctl.Commands;

/// <summary>Shows a kind and then each change of it, through reconnects; after one, only what really changed.</summary>
internal sealed class Watcher(Terminal terminal, MargayClient client, Target target, string? ns, string? labels, string output)
{
    private readonly Dictionary<ObjectKey, string> _shown = [];
    private readonly ResourceTable _table = new(terminal, target.Kind, showNamespace: ns is null, isWide: output == "wide");
    private bool _isListed;

    /// <summary>Runs until interrupted; ends with a failure only when the server refuses the very first list.</summary>
    public async Task<int> RunAsync(CancellationToken cancel)
    {
        await foreach (WatchUpdate<Resource> update in client.WatchAsync(target.Kind, ns, labels, cancel))
        {
            if (update.Type == WatchUpdateType.Failed && update.Error!.Reason != ApiErrorReason.Expired)
            {
                if (!_isListed) return terminal.Fail(update.Error.Message);
                terminal.Error.WriteLine($"warning: {update.Error.Message}; trying again");
            }
            else if (update.Type == WatchUpdateType.Listed)
            {
                OnListed(update.List!.Where(IsAsked));
            }
            else if (update.Object is { } resource && IsAsked(resource))
            {
                OnChanged(resource, update.Type == WatchUpdateType.Deleted);
            }

            await terminal.Out.FlushAsync(cancel);
        }

        return ExitStatus.Done;
    }

    private bool IsAsked(Resource resource) => target.Names.Count == 0 || target.Names.Contains(resource.Name);

    private void OnListed(IEnumerable<Resource> list)
    {
        Resource[] objects = [.. list];
        if (_isListed)
        {
            foreach (ObjectKey gone in _shown.Keys.Except(objects.Select(o => o.Key)).ToArray())
            {
                _shown.Remove(gone);
                terminal.Error.WriteLine($"deleted while disconnected: {gone}");
            }

            foreach (Resource resource in objects) OnChanged(resource, isDeleted: false);
            return;
        }

        _isListed = true;
        foreach (Resource resource in objects) _shown[resource.Key] = resource.Metadata.ResourceVersion ?? "";
        if (output is "table" or "wide") _table.Write(objects);
        else foreach (Resource resource in objects) WriteOne(resource);
    }

    private void OnChanged(Resource resource, bool isDeleted)
    {
        string version = resource.Metadata.ResourceVersion ?? "";
        if (!isDeleted && _shown.GetValueOrDefault(resource.Key) == version && version.Length > 0) return;
        if (isDeleted) _shown.Remove(resource.Key);
        else _shown[resource.Key] = version;
        if (output is "table" or "wide") _table.Append(resource, isDeleted ? "(deleted)" : null);
        else WriteOne(resource);
    }

    private void WriteOne(Resource resource)
    {
        if (output == "name")
        {
            terminal.Out.WriteLine(Submission.TitleOf(target.Kind, resource.Name));
            return;
        }

        JsonElement json = JsonSerializer.SerializeToElement(resource, target.Kind.TypeInfo);
        terminal.Out.Write(output == "yaml" ? $"---\n{YamlText.Write(json)}" : JsonText.Write(json) + "\n");
    }
}
