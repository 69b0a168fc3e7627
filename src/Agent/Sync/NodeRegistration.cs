using Margay.Api.Client;
using Margay.Api.Resources;
using Margay.Core.Net;

namespace Margay.Agent.Sync;

/// <summary>What this host says of itself.</summary>
/// <param name="Ipv4">With the length of its subnet; null for none.</param>
/// <param name="Ipv4IsGiven">The operator gave it: it wins over what a manifest says. What was detected does not.</param>
internal sealed record NodeIdentity(
    string Name, string? Ipv4, bool Ipv4IsGiven, string? Ipv6, bool Ipv6IsGiven, IReadOnlyDictionary<string, string> Labels, string Version);

/// <summary>Keeps the Node object of this host: created when missing, its addresses and labels brought up to date, everything else left as manifests say.</summary>
internal sealed class NodeRegistration(MargayClient client, NodeIdentity identity)
{
    private const string AddressType = "CalicoNodeIP";
    private const int Attempts = 5;

    /// <summary>What was done, in words, or the error.</summary>
    public async Task<ApiResult<string>> RegisterAsync(CancellationToken cancel)
    {
        for (int attempt = 0; ; attempt++)
        {
            ApiResult<Node> there = await client.GetAsync<Node>(null, identity.Name, cancel).ConfigureAwait(false);
            if (!there.IsOk && there.Error!.Reason != ApiErrorReason.NotFound) return there.Error;
            Node? existing = there.IsOk ? there.Value : null;
            Node wanted = Merge(existing, identity);
            if (existing is not null && SameAs(existing, wanted)) return "is as it should be";
            ApiResult<Node> written = existing is null
                ? await client.CreateAsync(wanted, cancel).ConfigureAwait(false)
                : await client.ReplaceAsync(wanted, cancel).ConfigureAwait(false);
            if (written.IsOk)
            {
                await ReportVersionAsync(written.Value, cancel).ConfigureAwait(false);
                return existing is null ? "created" : "updated";
            }
            // Someone else wrote it between our reading and writing.
            if (attempt == Attempts || written.Error!.Reason is not (ApiErrorReason.Conflict or ApiErrorReason.AlreadyExists)) return written.Error!;
        }
    }

    /// <summary>The object as it should be, given what is there.</summary>
    public static Node Merge(Node? existing, NodeIdentity identity)
    {
        Node node = existing ?? new Node
        {
            ApiVersion = ResourceKinds.Node.ApiVersion,
            Kind = ResourceKinds.Node.Kind,
            Metadata = new ObjectMeta { Name = identity.Name },
        };
        NodeBgpSpec bgp = node.Spec.Bgp ?? new NodeBgpSpec();
        string? ipv4 = Choose(bgp.Ipv4Address, identity.Ipv4, identity.Ipv4IsGiven), ipv6 = Choose(bgp.Ipv6Address, identity.Ipv6, identity.Ipv6IsGiven);
        Dictionary<string, string> labels = node.Metadata.Labels is null ? [] : new(node.Metadata.Labels);
        foreach ((string key, string value) in identity.Labels) labels[key] = value;
        return node with
        {
            Metadata = node.Metadata with { Labels = labels.Count == 0 ? null : labels },
            Spec = node.Spec with
            {
                Bgp = bgp with { Ipv4Address = ipv4, Ipv6Address = ipv6 },
                Addresses =
                [
                    .. from address in new[] { ipv4, ipv6 } where address is not null select new NodeAddress { Address = WithoutLength(address), Type = AddressType },
                    .. (node.Spec.Addresses ?? []).Where(a => a.Type != AddressType),
                ],
            },
        };
    }

    private static string? Choose(string? manifest, string? own, bool given) => given ? own : manifest ?? own;

    private static string WithoutLength(string address) => IpPrefix.TryParseWithHostBits(address, out InetAddress parsed, out _) ? parsed.ToString() : address;

    private static bool SameAs(Node a, Node b) =>
        a.Spec.Bgp == b.Spec.Bgp
        && (a.Spec.Addresses ?? []).SequenceEqual(b.Spec.Addresses ?? [])
        && (a.Metadata.Labels ?? new Dictionary<string, string>()).OrderBy(l => l.Key, StringComparer.Ordinal)
            .SequenceEqual((b.Metadata.Labels ?? new Dictionary<string, string>()).OrderBy(l => l.Key, StringComparer.Ordinal));

    // For people who look at the node: a server that refuses it does not keep the node from working.
    private async Task ReportVersionAsync(Node node, CancellationToken cancel)
    {
        if (node.Status?.AgentVersion == identity.Version) return;
        await client.UpdateStatusAsync(node with { Status = (node.Status ?? new NodeStatus()) with { AgentVersion = identity.Version } }, cancel).ConfigureAwait(false);
    }
}
