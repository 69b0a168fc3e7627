using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.Bgp.Filter;
using Margay.Bgp.Wire;
using Margay.Core.Net;

namespace Margay.Agent.Routing;

/// <summary>BGP filters in the speaker's own policy language. Pure.</summary>
internal static class FilterCompiler
{
    public static IEnumerable<PolicyStatement> Import(BgpFilterView filter) =>
        [.. Rules(filter.Name, "importV4", filter.Spec.ImportV4, Family.IPv4Unicast), .. Rules(filter.Name, "importV6", filter.Spec.ImportV6, Family.IPv6Unicast)];

    public static IEnumerable<PolicyStatement> Export(BgpFilterView filter) =>
        [.. Rules(filter.Name, "exportV4", filter.Spec.ExportV4, Family.IPv4Unicast), .. Rules(filter.Name, "exportV6", filter.Spec.ExportV6, Family.IPv6Unicast)];

    private static IEnumerable<PolicyStatement> Rules(string filter, string list, IReadOnlyList<BGPFilterRule>? rules, Family family)
    {
        for (int i = 0; i < (rules?.Count ?? 0); i++)
        {
            string name = $"BGPFilter {filter} {list}[{i}]";
            yield return TryCompile(name, rules![i], family)
                // The server lets none of these pass. What is not understood must not let more through than was asked for.
                ?? new PolicyStatement($"{name} is not understood", new RouteMatch { Family = family }, PolicyAction.Reject);
        }
    }

    private static PolicyStatement? TryCompile(string name, BGPFilterRule rule, Family family)
    {
        if (!TryMatch(rule, family, out RouteMatch match) || rule.Action is not ("Accept" or "Reject")) return null;
        if (rule.Action == "Reject") return new PolicyStatement(name, match, PolicyAction.Reject);
        List<RouteOperation> operations = [];
        foreach (BGPFilterOperation operation in rule.Operations ?? [])
        {
            if (ToOperation(operation) is not { } compiled) return null;
            operations.Add(compiled);
        }
        return new PolicyStatement(name, match, PolicyAction.Accept) { Operations = [.. operations] };
    }

    private static bool TryMatch(BGPFilterRule rule, Family family, out RouteMatch match)
    {
        match = new RouteMatch
        {
            Family = family,
            Origin = string.IsNullOrEmpty(rule.Source) ? RouteOrigin.Any : RouteOrigin.Learned,
            Interface = string.IsNullOrEmpty(rule.Interface) ? null : rule.Interface,
            PeerIsExternal = string.IsNullOrEmpty(rule.PeerType) ? null : rule.PeerType == "eBGP",
            AsPathPrefix = AsPath.Sequence([.. (rule.AsPathPrefix ?? []).Select(a => a.Value)]),
            LocalPref = rule.Priority is { } priority ? RoutePriority.ToLocalPref(priority) : null,
            LocalPrefMayBeAbsent = rule.Priority == RoutePriority.Normal,
        };
        if (!string.IsNullOrEmpty(rule.Cidr))
        {
            if (!IpPrefix.TryParse(rule.Cidr, out IpPrefix cidr) || !Enum.TryParse(rule.MatchOperator, out PrefixOperator op)) return false;
            int min = Math.Max(cidr.Length, rule.PrefixLength?.Min ?? 0), max = rule.PrefixLength?.Max ?? cidr.Address.BitLength;
            match = match with { Prefix = new PrefixMatch(cidr, op, min, max) };
        }
        foreach (string value in rule.Communities?.Values ?? [])
        {
            if (Community.TryParse(value, out Community community)) match = match with { Community = community };
            else if (LargeCommunity.TryParse(value, out LargeCommunity large)) match = match with { LargeCommunity = large };
            else return false;
        }
        return true;
    }

    private static RouteOperation? ToOperation(BGPFilterOperation operation)
    {
        if (operation.PrependASPath?.Prefix is { Count: > 0 } path) return new RouteOperation.PrependAsPath(AsPath.Sequence([.. path.Select(a => a.Value)]));
        if (operation.SetPriority?.Value is { } priority) return new RouteOperation.SetLocalPref(RoutePriority.ToLocalPref(priority));
        if (Community.TryParse(operation.AddCommunity?.Value, out Community community)) return new RouteOperation.AddCommunity(community);
        return LargeCommunity.TryParse(operation.AddCommunity?.Value, out LargeCommunity large) ? new RouteOperation.AddLargeCommunity(large) : null;
    }
}
