using System.Text.Json;
using Margay.Api.Client;
using Margay.Api.Resources;
using Margay.Api.Validation;
using Margay.Api.Validation.Manifests;
using Margay.Ctl.Manifests;

namespace Margay.Ctl.Explain;

/// <summary>The objects that policy is made of, from files or from a server.</summary>
internal static class ClusterSource
{
    /// <summary>All that decides about packets and where they go; others, such as BGP peers, do not matter here.</summary>
    private static readonly ResourceKind[] Kinds =
    [
        ResourceKinds.Namespace, ResourceKinds.Node, ResourceKinds.WorkloadEndpoint, ResourceKinds.HostEndpoint, ResourceKinds.Profile, ResourceKinds.Tier,
        ResourceKinds.NetworkPolicy, ResourceKinds.GlobalNetworkPolicy, ResourceKinds.KubernetesNetworkPolicy, ResourceKinds.ClusterNetworkPolicy,
        ResourceKinds.StagedNetworkPolicy, ResourceKinds.StagedGlobalNetworkPolicy, ResourceKinds.StagedKubernetesNetworkPolicy,
        ResourceKinds.NetworkSet, ResourceKinds.GlobalNetworkSet, ResourceKinds.EndpointSlice, ResourceKinds.FelixConfiguration,
        ResourceKinds.IPPool, ResourceKinds.IPAMBlock, ResourceKinds.VirtualNetwork,
    ];

    /// <summary>
    /// What manifests say, valid and with defaults. Objects of others (Deployments, …) are passed over with a warning. Null when one is faulty: every fault has been told.
    /// </summary>
    /// <exception cref="ManifestException">Something cannot be read, or there is nothing.</exception>
    public static async Task<List<Resource>?> ReadAsync(IReadOnlyList<string> paths, bool recursive, string ns, Terminal terminal, CancellationToken cancel)
    {
        List<Resource> resources = [];
        bool faulty = false;
        foreach (ManifestObject item in await ManifestSource.ReadAsync(paths, recursive, terminal, cancel))
        {
            Decoded decoded = item.Admit(ns);
            if (decoded.IsValid)
            {
                resources.Add(decoded.Resource!);
                continue;
            }
            if (KindOfOthers(item, decoded) is { } kind)
            {
                terminal.Error.WriteLine($"warning: {item.Source}:{item.Line}: {kind} is passed over: it says nothing about policy");
                continue;
            }
            faulty = true;
            ManifestVerdict.Of(item, decoded).WriteTo(terminal.Error);
        }
        return faulty ? null : resources;
    }

    /// <summary>What the server has, kind by kind.</summary>
    public static async Task<ApiResult<List<Resource>>> ListAsync(MargayClient client, CancellationToken cancel)
    {
        List<Resource> resources = [];
        foreach (ResourceKind kind in Kinds)
        {
            ApiResult<ResourcePage<JsonElement>> page = await client.ListAsync(kind, null, null, cancel);
            if (!page.TryGet(out ResourcePage<JsonElement> all, out ApiError error))
            {
                // An older server may not have the kind.
                if (error.Reason == ApiErrorReason.NotFound) continue;
                return error;
            }
            resources.AddRange(all.Items.Select(i => ResourceDecoder.Decode(i, kind, UnknownFields.Ignore).Resource).OfType<Resource>());
        }
        return resources;
    }

    /// <summary>The objects with changes made to them: each in the place of the one with its kind, namespace and name.</summary>
    public static IReadOnlyList<Resource> With(IReadOnlyList<Resource> resources, IReadOnlyList<Resource> changes)
    {
        HashSet<(Type, string?, string)> changed = [.. changes.Select(c => (c.GetType(), c.Namespace, c.Name))];
        return [.. resources.Where(r => !changed.Contains((r.GetType(), r.Namespace, r.Name))), .. changes];
    }

    private static string? KindOfOthers(ManifestObject item, Decoded decoded)
    {
        if (decoded.Kind is not null || item.Json is not { ValueKind: JsonValueKind.Object } json) return null;
        if (!json.TryGetProperty("apiVersion", out JsonElement version) || !json.TryGetProperty("kind", out JsonElement kind)) return null;
        if (version.ValueKind != JsonValueKind.String || kind.ValueKind != JsonValueKind.String) return null;
        string group = version.GetString()!;
        // A kind of ours that is not known is a mistake.
        bool isOurs = group.Contains(ResourceKinds.CalicoGroup, StringComparison.Ordinal) || group.Contains(ResourceKinds.MargayGroup, StringComparison.Ordinal)
            || ResourceKinds.All.Any(k => k.Kind == kind.GetString());
        return isOurs ? null : $"{kind.GetString()} ({group})";
    }
}
