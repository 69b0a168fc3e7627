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
            AssertTiers(PlainPolicies.Of(all), t.Labels, isHost: false, t.Network!, all, seen.Tiers, _ => true);
        }
        List<Thing> hosts = things.FindAll(t => t.Resource is HostEndpoint h && h.Spec.Node == node);
        Assert.Equal(hosts.Select(h => h.Resource.Name).Order(), view.HostEndpoints.Keys.Order());
        foreach (Thing t in hosts)
        {
            HostEndpointView seen = view.HostEndpoints[t.Resource.Name];
            void Check(IReadOnlyList<EndpointTier> tiers, Func<string, bool> place) => AssertTiers(PlainPolicies.Of(all), t.Labels, isHost: true, "default", all, tiers, place);
            Check(seen.Tiers, p => p is "" or "forward");
            Check(seen.ForwardTiers, p => p == "forward");
            Check(seen.PreDnatTiers, p => p == "prednat");
            Check(seen.UntrackedTiers, p => p == "untracked");
        }
        foreach ((IpSetView set, HashSet<string> members) in view.Sets.Values)
        {
            if (set.Origin!.StartsWith("service ", StringComparison.Ordinal))
            {
                Assert.Equal(MembersOfService(set, all).Distinct().Order(StringComparer.Ordinal), members.Order(StringComparer.Ordinal));
                continue;
            }
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
                labels["projectcalico.org/orchestrator"] = "cni";
                if (e.Spec.ServiceAccountName is { Length: > 0 } account) labels["projectcalico.org/serviceaccount"] = account;
                foreach (string name in e.Spec.Profiles!)
                {
                    Profile? profile = all.OfType<Profile>().FirstOrDefault(p => p.Name == name);
                    foreach ((string key, string value) in profile?.Spec.LabelsToApply ?? new Dictionary<string, string>()) labels.TryAdd(key, value);
                }
                return new Thing(e, e.Spec.Network, labels, e.Spec.IpNetworks!, e.Spec.Ports!);
            case HostEndpoint h when h.Spec.InterfaceName is not null || h.Spec.ExpectedIPs is { Count: > 0 }:
                Dictionary<string, string> own = LabelsOf(h, all);
                foreach (string name in h.Spec.Profiles!)
                {
                    Profile? profile = all.OfType<Profile>().FirstOrDefault(p => p.Name == name);
                    foreach ((string key, string value) in profile?.Spec.LabelsToApply ?? new Dictionary<string, string>()) own.TryAdd(key, value);
                }
                return new Thing(h, "default", own, h.Spec.ExpectedIPs!, h.Spec.Ports!);
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

    /// <summary>Tiers with their end and the policies of each direction, in order; a tier without a policy in either is not there.</summary>
    private static void AssertTiers(
        List<PlainPolicies.Policy> policies, Dictionary<string, string> labels, bool isHost, string network, List<Resource> all, IReadOnlyList<EndpointTier> seen, Func<string, bool> place)
    {
        string at = network == "default" ? "" : "@" + network;
        var expected = from p in policies
                       where p.Selects(labels, isHost) && place(p.Place)
                       orderby p.Order, p.Sort
                       group p by p.Tier into tier
                       let rank = PlainPolicies.TierOf(tier.Key, all)
                       orderby rank.Order, tier.Key
                       select $"{tier.Key} {rank.End} in [{string.Join(' ', tier.Where(p => p.Ingress).Select(p => p.Id + at))}] out [{string.Join(' ', tier.Where(p => p.Egress).Select(p => p.Id + at))}]";
        Assert.Equal(expected, seen.Select(t => $"{t.Name} {t.DefaultAction} in [{string.Join(' ', t.IngressPolicies)}] out [{string.Join(' ', t.EgressPolicies)}]"));
    }

    private static IEnumerable<string> MembersOfService(IpSetView set, List<Resource> all)
    {
        foreach (EndpointSlice slice in all.OfType<EndpointSlice>())
        {
            if (set.Network != "default" || slice.Metadata.Labels?.GetValueOrDefault(EndpointSlice.ServiceLabel) is not { } service || set.Origin != $"service {slice.Namespace}/{service}") continue;
            foreach (string address in slice.Endpoints!.SelectMany(e => e.Addresses!))
            {
                if (set.Type == IpSetType.Nets) yield return address + "/32";
                else foreach (SlicePort port in slice.Ports!) yield return $"{address},6,{port.Port}";
            }
        }
    }
}
