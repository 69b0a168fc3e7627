using System.Security.Cryptography;
using System.Text;
using Margay.Api.Resources;
using Margay.Policy;

namespace Margay.Dataplane.Managers;

/// <summary>Names of what we put into our tables: readable at the front, unique at the end, the same after a restart.</summary>
internal static class ChainNames
{
    // Fixed sets and maps.
    public const string Sources4 = "sources4", Sources6 = "sources6", ExtraSources4 = "extra-sources4", ExtraSources6 = "extra-sources6";
    public const string Egress = "egress", Ingress = "ingress";
    public const string Pools4 = "pools4", Pools6 = "pools6", Masquerade4 = "masquerade4", Masquerade6 = "masquerade6";

    /// <summary>What connection tracking says of flows that obey policy as of now (<see cref="FlowManager"/>); empty while some may not.</summary>
    public const string KnownFlows = "known-flows";

    /// <summary>From the id of a list of policies to its chain.</summary>
    public static string Verdicts(PolicyType direction) => $"{Direction(direction)}-lists";

    /// <summary>From protocol and port to the policies and rules that name them.</summary>
    public static string Ports(PolicyType direction) => $"{Direction(direction)}-ports";
    public static string Direction(PolicyType direction) => direction == PolicyType.Ingress ? Ingress : Egress;

    /// <summary>
    /// pi-default.web-3fa0b1c2 for the ingress rules of NetworkPolicy/default/web. Where Allow does more than accept, the chain is another: di-… before destination NAT, ui-…
    /// before connection tracking.
    /// </summary>
    public static string Policy(PolicyType direction, string id, PolicySetKind kind = PolicySetKind.Workload) =>
        $"{kind switch { PolicySetKind.PreDnat => 'd', PolicySetKind.Untracked => 'u', _ => 'p' }}{Letter(direction)}-{Slug(id)}";

    public static string Profile(PolicyType direction, string name) => $"r{Letter(direction)}-{Slug(name)}";

    /// <summary>The id begins with the letter of its direction already.</summary>
    public static string Set(string setId) => $"s{setId}";

    /// <summary>What one endpoint's limits are: li-… and le-… of rates, ci-… and ce-… of connections.</summary>
    public static string Limits(char kind, PolicyType direction, string endpointId) => $"{kind}{Letter(direction)}-{Slug(endpointId)}";

    public static string Tier(string setId, int index) => $"t{setId}-{index}";

    /// <summary>A set of the view: kind is h (hosts), n (nets, an interval set), m and a length (nets of one length), p (address, protocol, port).</summary>
    public static string IpSet(string kind, bool v6, string id) => $"{kind}{(v6 ? 6 : 4)}-{Digest(id)}";

    /// <summary>A set whose content never changes, named by it.</summary>
    public static string Constant(string kind, string content) => $"{kind}-{Digest(content)}";

    private static char Letter(PolicyType direction) => direction == PolicyType.Ingress ? 'i' : 'e';

    private static string Slug(string id)
    {
        StringBuilder slug = new();
        string[] parts = id.Split('/');
        foreach (char c in string.Join('.', parts[^Math.Min(2, parts.Length)..]))
            slug.Append(char.IsAsciiLetterOrDigit(c) || c is '.' or '-' ? c : '_');
        if (slug.Length > 40) slug.Length = 40;
        return $"{slug}-{Digest(id)[..8]}";
    }

    private static string Digest(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 8));
}
