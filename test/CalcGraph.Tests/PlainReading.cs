using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.Api.Selectors;
using Margay.Core.Net;

namespace Margay.CalcGraph.Tests;

/// <summary>The same questions answered the slow and obvious way: every selector against every endpoint, labels in a dictionary.</summary>
internal static class PlainReading
{
    private sealed record Thing(Resource Resource, string? Network, Dictionary<string, string> Labels, IReadOnlyList<string> Prefixes, IReadOnlyList<EndpointPort> Ports);

    public static void AssertAgrees(IEnumerable<Resource> state, string node, ViewModel view)
    {
        List<Resource> all = [.. state];
        List<Thing> things = [.. all.Select(r => ThingOf(r, all)).OfType<Thing>()];

        List<Thing> local = things.FindAll(t => t.Resource is WorkloadEndpoint e && e.Spec.Node == node);
        Assert.Equal(local.Select(t => IdOf(t)).Order(), view.Endpoints.Keys.Order());
        foreach (Thing t in local)
        {
            EndpointView seen = view.Endpoints[IdOf(t)];
            Assert.Equal(t.Prefixes.Select(p => IpPrefix.Parse(p).ToString()), seen.Addresses);
            Assert.Equal(PoliciesOf(t, all, ingress: true), seen.Tiers.SelectMany(x => x.IngressPolicies));
            Assert.Equal(PoliciesOf(t, all, ingress: false), seen.Tiers.SelectMany(x => x.EgressPolicies));
        }
        foreach ((IpSetView set, HashSet<string> members) in view.Sets.Values)
        {
            string[] origin = set.Type == IpSetType.IpPorts ? set.Origin!["port ".Length..].Split(" of ", 2) : ["", set.Origin!];
            Selector selector = Selector.Parse(origin[1]);
            IEnumerable<Thing> matching = things.Where(t => (t.Network is null || t.Network == set.Network) && selector.Matches(t.Labels));
            IEnumerable<string> expected = set.Type == IpSetType.Nets
                ? matching.SelectMany(t => t.Prefixes.Select(p => IpPrefix.Parse(p).ToString()))
                : matching.SelectMany(t => t.Ports.Where(p => p.Name == origin[0]).SelectMany(p => t.Prefixes.Select(a => $"{IpPrefix.Parse(a).Address},{p.Protocol!.Value.Number},{p.Port}")));
            Assert.Equal(expected.Distinct().Order(StringComparer.Ordinal), members.Order(StringComparer.Ordinal));
        }
    }

    private static string IdOf(Thing t) => $"{t.Network}/{t.Resource.Namespace}/{t.Resource.Name}";

    private static Thing? ThingOf(Resource resource, List<Resource> all)
    {
        switch (resource)
        {
            case WorkloadEndpoint e when e.Spec.IpNetworks!.All(n => IpPrefix.TryParse(n, out IpPrefix p) && p.IsHost):
                Dictionary<string, string> labels = LabelsOf(e, all);
                if (e.Spec.ServiceAccountName is { Length: > 0 } account) labels["projectcalico.org/serviceaccount"] = account;
                foreach (string name in e.Spec.Profiles!)
                {
                    Profile? profile = all.OfType<Profile>().FirstOrDefault(p => p.Name == name);
                    foreach ((string key, string value) in profile?.Spec.LabelsToApply ?? new Dictionary<string, string>()) labels.TryAdd(key, value);
                }
                return new Thing(e, e.Spec.Network, labels, e.Spec.IpNetworks!, e.Spec.Ports!);
            case NetworkSet s: return new Thing(s, null, LabelsOf(s, all), s.Spec.Nets!, []);
            case GlobalNetworkSet s: return new Thing(s, null, LabelsOf(s, all), s.Spec.Nets!, []);
            default: return null;
        }
    }

    private static Dictionary<string, string> LabelsOf(Resource resource, List<Resource> all)
    {
        Dictionary<string, string> labels = new(resource.Metadata.Labels!);
        labels.Remove("projectcalico.org/namespace");
        if (resource.Namespace is not { } ns) return labels;
        labels["projectcalico.org/namespace"] = ns;
        Namespace? home = all.OfType<Namespace>().FirstOrDefault(n => n.Name == ns);
        foreach ((string key, string value) in home?.Metadata.Labels ?? new Dictionary<string, string>()) labels["pcns." + key] = value;
        return labels;
    }

    private static IEnumerable<string> PoliciesOf(Thing t, List<Resource> all, bool ingress)
    {
        string at = t.Network == "default" ? "" : "@" + t.Network;
        var namespaced = all.OfType<NetworkPolicy>()
            .Where(p => Selector.TryParse(p.Spec.Selector, out Selector? s) && p.Namespace == t.Resource.Namespace && s.Matches(t.Labels))
            .Where(p => p.Spec.ServiceAccountSelector is not { Length: > 0 } || t.Labels.ContainsKey("projectcalico.org/serviceaccount"))
            .Select(p => (p.Spec, Id: $"NetworkPolicy/{p.Namespace}/{p.Name}", Sort: $"{p.Name}/{p.Namespace}/NetworkPolicy"));
        var global = all.OfType<GlobalNetworkPolicy>()
            .Where(p => p.Spec.DoNotTrack != true && Selector.Parse(p.Spec.Selector).Matches(t.Labels) && NamespaceMatches(p.Spec.NamespaceSelector, t))
            .Select(p => ((NetworkPolicySpec)p.Spec, Id: $"GlobalNetworkPolicy/{p.Name}", Sort: $"{p.Name}//GlobalNetworkPolicy"));
        return from p in namespaced.Concat(global)
               let spec = p.Item1
               let types = spec.Types ?? ((spec.Ingress!.Count, spec.Egress!.Count) switch
               {
                   (_, 0) => [PolicyType.Ingress],
                   (0, _) => [PolicyType.Egress],
                   _ => [PolicyType.Ingress, PolicyType.Egress],
               })
               where types.Contains(ingress ? PolicyType.Ingress : PolicyType.Egress)
               orderby spec.Tier switch { "kube-admin" => 0, null or "default" => 1, _ => 2 }, spec.Order ?? double.MaxValue, p.Sort
               select p.Id + at;
    }

    /// <summary>Workloads are always in a namespace.</summary>
    private static bool NamespaceMatches(string? selector, Thing t)
    {
        if (selector is null or "all()") return true;
        if (selector == "global()") return false;
        return Selector.Parse(selector).Matches(t.Labels.Where(l => l.Key.StartsWith("pcns.", StringComparison.Ordinal)).ToDictionary(l => l.Key[5..], l => l.Value));
    }
}
