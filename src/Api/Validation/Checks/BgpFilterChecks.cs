using Margay.Api.Resources;

namespace Margay.Api.Validation.Checks;

/// <summary>BGP filters: each rule by itself, and what makes sense in its direction and family.</summary>
internal static class BgpFilterChecks
{
    private const int MaxOperations = 10;
    private const int MaxPrepended = 10;

    public static void Check(Findings findings, BGPFilter filter)
    {
        FieldPath at = FieldPath.Root["spec"];
        BGPFilterSpec spec = filter.Spec;
        CheckRules(findings, at["exportV4"], spec.ExportV4, isImport: false, isIPv6: false);
        CheckRules(findings, at["importV4"], spec.ImportV4, isImport: true, isIPv6: false);
        CheckRules(findings, at["exportV6"], spec.ExportV6, isImport: false, isIPv6: true);
        CheckRules(findings, at["importV6"], spec.ImportV6, isImport: true, isIPv6: true);
    }

    private static void CheckRules(Findings findings, FieldPath at, IReadOnlyList<BGPFilterRule>? rules, bool isImport, bool isIPv6)
    {
        for (int i = 0; i < (rules?.Count ?? 0); i++)
        {
            BGPFilterRule rule = rules![i];
            CheckPrefix(findings, at[i], rule, isIPv6);
            CheckConditions(findings, at[i], rule, isImport);
            if (Values.Required(findings, at[i]["action"], rule.Action, "Accept or Reject")) Values.OneOf(findings, at[i]["action"], rule.Action, "Accept", "Reject");
            CheckOperations(findings, at[i]["operations"], rule);
        }
    }

    private static void CheckPrefix(Findings findings, FieldPath at, BGPFilterRule rule, bool isIPv6)
    {
        bool hasCidr = !string.IsNullOrEmpty(rule.Cidr), hasOperator = !string.IsNullOrEmpty(rule.MatchOperator);
        if (hasCidr && !hasOperator) findings.Add(at["matchOperator"], FaultReason.Required, "is missing: how cidr is compared, such as In or Equal");
        if (!hasCidr && hasOperator) findings.Add(at["cidr"], FaultReason.Required, "is missing: the prefix that matchOperator compares with");
        if (!hasCidr && rule.PrefixLength is not null) findings.Add(at["prefixLength"], FaultReason.Forbidden, "needs cidr: write 0.0.0.0/0 or ::/0 for all prefixes");
        if (hasOperator) Values.OneOf(findings, at["matchOperator"], rule.MatchOperator, "Equal", "NotEqual", "In", "NotIn");
        if (hasCidr && Addresses.Prefix(findings, at["cidr"], rule.Cidr) is { } prefix && prefix.IsIPv6 != isIPv6)
            findings.Add(at["cidr"], FaultReason.Invalid, $"{prefix} is no IPv{(isIPv6 ? 6 : 4)} prefix: move the rule to the list of the other family");
        if (rule.PrefixLength is not { } length) return;
        int longest = isIPv6 ? 128 : 32;
        Values.InRange(findings, at["prefixLength"]["min"], length.Min, 0, longest, "prefix length");
        Values.InRange(findings, at["prefixLength"]["max"], length.Max, 0, longest, "prefix length");
        if (length.Min > length.Max) findings.Add(at["prefixLength"]["max"], FaultReason.Invalid, $"{length.Max} is less than min, {length.Min}: no route could match");
        if (rule.MatchOperator is "Equal" or "NotEqual")
            findings.Warn(at["prefixLength"], FaultReason.Invalid, $"has no effect with matchOperator {rule.MatchOperator}, which compares the whole prefix");
    }

    private static void CheckConditions(Findings findings, FieldPath at, BGPFilterRule rule, bool isImport)
    {
        Values.OneOf(findings, at["source"], rule.Source is { Length: 0 } ? null : rule.Source, "RemotePeers");
        if (isImport && !string.IsNullOrEmpty(rule.Source)) findings.Add(at["source"], FaultReason.Forbidden, "what is imported always comes from a peer: remove the field");
        Values.OneOf(findings, at["peerType"], rule.PeerType is { Length: 0 } ? null : rule.PeerType, "eBGP", "iBGP");
        if (rule.Interface is { Length: > 0 } name && !Names.IsInterface(name.Replace('*', 'x')))
            findings.Add(at["interface"], FaultReason.Invalid, $"\"{Leaf.Printable(name)}\" is no interface name or pattern: 1 to 15 letters, digits, '_', '.', '-' and '*'");
        if (rule.Interface is { Length: > 0 })
            findings.Warn(at["interface"], FaultReason.NotImplemented, "matches only routes learned over a session that is bound to an interface; own routes and others have none, and the rule passes them over");
        if (rule.Communities is { } communities) CheckCommunities(findings, at["communities"]["values"], communities.Values);
        for (int i = 0; i < (rule.AsPathPrefix?.Count ?? 0); i++) Values.As(findings, at["asPathPrefix"][i], rule.AsPathPrefix![i]);
        CheckPriority(findings, at["priority"], rule.Priority);
    }

    private static void CheckCommunities(Findings findings, FieldPath at, IReadOnlyList<string>? values)
    {
        if (values is not { Count: 1 }) findings.Add(at, values is { Count: > 1 } ? FaultReason.TooMany : FaultReason.Required, "must hold exactly one community: write a rule for each");
        for (int i = 0; i < (values?.Count ?? 0); i++) CheckCommunity(findings, at[i], values![i]);
    }

    private static void CheckCommunity(Findings findings, FieldPath at, string? value)
    {
        if (Values.Required(findings, at, value, "aa:nn or aa:nn:mm") && !BgpChecks.IsCommunity(value!)) findings.Add(at, FaultReason.Invalid, BgpChecks.NoCommunity(value!));
    }

    private static void CheckPriority(Findings findings, FieldPath at, int? priority) => Values.InRange(findings, at, priority, 1, int.MaxValue - 1, "priority");

    private static void CheckOperations(Findings findings, FieldPath at, BGPFilterRule rule)
    {
        if (rule.Operations is not { Count: > 0 } operations) return;
        if (rule.Action == "Reject") findings.Add(at, FaultReason.Forbidden, "need action: Accept; a rejected route is not changed");
        Values.AtMost(findings, at, operations, MaxOperations);
        for (int i = 0; i < operations.Count; i++) CheckOperation(findings, at[i], operations[i]);
    }

    private static void CheckOperation(Findings findings, FieldPath at, BGPFilterOperation operation)
    {
        int given = (operation.AddCommunity is null ? 0 : 1) + (operation.PrependASPath is null ? 0 : 1) + (operation.SetPriority is null ? 0 : 1);
        if (given != 1) findings.Add(at, FaultReason.Invalid, "must hold exactly one of addCommunity, prependASPath, setPriority");
        if (operation.AddCommunity is { } add) CheckCommunity(findings, at["addCommunity"]["value"], add.Value);
        if (operation.SetPriority is { } set)
        {
            if (set.Value is null) findings.Add(at["setPriority"]["value"], FaultReason.Required, "is missing: 1 to 2147483646, the lower the better");
            CheckPriority(findings, at["setPriority"]["value"], set.Value);
        }
        if (operation.PrependASPath is not { } prepend) return;
        FieldPath prefix = at["prependASPath"]["prefix"];
        if (prepend.Prefix is not { Count: > 0 }) findings.Add(prefix, FaultReason.Required, "is missing: the AS numbers, the first one first in the path");
        Values.AtMost(findings, prefix, prepend.Prefix, MaxPrepended);
        for (int i = 0; i < (prepend.Prefix?.Count ?? 0); i++) Values.As(findings, prefix[i], prepend.Prefix![i]);
    }
}
