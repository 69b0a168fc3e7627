using Margay.Api.Resources;

namespace Margay.Api.Validation.Checks;

/// <summary>A match on HTTP methods and paths.</summary>
internal static class HttpChecks
{
    public static void Check(Findings findings, FieldPath at, Rule rule, PolicyType direction)
    {
        HttpMatch http = rule.Http!;
        if (rule.Action is not (null or RuleAction.Allow)) findings.Add(at, FaultReason.Forbidden, "is allowed only in Allow rules");
        if (rule.Protocol is { } protocol && protocol.Number != Protocol.Tcp) findings.Add(at, FaultReason.Forbidden, "needs protocol TCP, or none");
        if (direction == PolicyType.Egress) findings.Add(at, FaultReason.Forbidden, "is allowed only in ingress rules");
        Values.Unique(findings, at["methods"], http.Methods);
        for (int i = 0; i < (http.Paths?.Count ?? 0); i++) CheckPath(findings, at["paths"][i], http.Paths![i]);
        Values.NotImplemented(findings, at, isGiven: true, "nothing looks into HTTP, so the rule matches nothing");
    }

    private static void CheckPath(Findings findings, FieldPath at, HttpPath path)
    {
        if (path.Exact is null == path.Prefix is null) findings.Add(at, FaultReason.Invalid, "needs either exact or prefix");
        CheckText(findings, at["exact"], path.Exact);
        CheckText(findings, at["prefix"], path.Prefix);
    }

    private static void CheckText(Findings findings, FieldPath at, string? text)
    {
        if (text is null || (text.StartsWith('/') && !text.AsSpan().ContainsAny("?# "))) return;
        findings.Add(at, FaultReason.Invalid, $"\"{Leaf.Printable(text)}\" is no path: it starts with '/' and has no '?', '#' or space");
    }
}
