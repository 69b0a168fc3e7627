namespace Margay.Ctl.Tests.Explain;

/// <summary>Each of examples/policy does what its first line promises, asked with <c>margay explain</c> against a small cluster.</summary>
public sealed class ExamplePolicyTests : CliFixture
{
    private static readonly string[] Workloads =
        ["shop/front", "shop/back", "shop/database", "team-a/back", "team-a/database", "team-a/web", "monitoring/prometheus", "other/client", "strict/vault"];

    /// <summary>What no policy says anything about is allowed, by the endpoints' profile.</summary>
    private static readonly string Cluster =
        """
        {apiVersion: v1, kind: Namespace, metadata: {name: shop}}
        ---
        {apiVersion: v1, kind: Namespace, metadata: {name: other}}
        ---
        {apiVersion: v1, kind: Namespace, metadata: {name: strict, labels: {isolation: strict}}}
        ---
        {apiVersion: projectcalico.org/v3, kind: Profile, metadata: {name: open}, spec: {ingress: [{action: Allow}], egress: [{action: Allow}]}}
        ---
        {apiVersion: projectcalico.org/v3, kind: Node, metadata: {name: node1}, spec: {bgp: {ipv4Address: 10.0.0.11/24}}}
        """ + string.Concat(Workloads.Select(WorkloadEndpoint));

    private static string WorkloadEndpoint(string id, int index)
    {
        string[] parts = id.Split('/');
        return $$"""

            ---
            apiVersion: projectcalico.org/v3
            kind: WorkloadEndpoint
            metadata: {name: {{parts[1]}}, namespace: {{parts[0]}}, labels: { role: {{parts[1]}} } }
            spec: {node: node2, interfaceName: mg{{index}}, profiles: [open], ipNetworks: [10.65.0.{{index + 1}}/32]}
            """;
    }

    [Theory]
    [InlineData("01-default-deny", "other/client", "shop/front", "80/tcp", "deny")]
    [InlineData("01-default-deny", "other/client", "198.51.100.1", "443/tcp", "deny")]
    [InlineData("01-default-deny", "other/client", "198.51.100.1", "53/udp", "allow")]
    [InlineData("01-default-deny", "node:node1", "198.51.100.1", "443/tcp", "allow")]
    [InlineData("02-three-tiers-of-an-application", "198.51.100.1", "shop/front", "443/tcp", "allow")]
    [InlineData("02-three-tiers-of-an-application", "shop/front", "shop/back", "8080/tcp", "allow")]
    [InlineData("02-three-tiers-of-an-application", "shop/back", "shop/database", "5432/tcp", "allow")]
    [InlineData("02-three-tiers-of-an-application", "shop/front", "shop/database", "5432/tcp", "deny")]
    [InlineData("02-three-tiers-of-an-application", "198.51.100.1", "shop/back", "8080/tcp", "deny")]
    [InlineData("02-three-tiers-of-an-application", "team-a/back", "shop/database", "5432/tcp", "deny")]
    [InlineData("03-namespaces-apart", "team-a/web", "team-a/database", "5432/tcp", "allow")]
    [InlineData("03-namespaces-apart", "other/client", "team-a/web", "80/tcp", "deny")]
    [InlineData("03-namespaces-apart", "monitoring/prometheus", "team-a/web", "9100/tcp", "allow")]
    [InlineData("03-namespaces-apart", "monitoring/prometheus", "team-a/web", "80/tcp", "deny")]
    [InlineData("04-security-team-first", "203.0.113.7", "shop/front", "80/tcp", "deny")]
    [InlineData("04-security-team-first", "198.51.100.1", "shop/front", "80/tcp", "allow")]
    [InlineData("04-security-team-first", "shop/front", "203.0.113.7", "80/tcp", "deny")]
    [InlineData("05-protect-hosts", "198.51.100.1", "node:node1", "22/tcp", "allow")]
    [InlineData("05-protect-hosts", "192.0.2.1", "node:node1", "icmp", "deny")]
    [InlineData("05-protect-hosts", "198.51.100.1", "node:node1", "icmp", "allow")]
    [InlineData("05-protect-hosts", "198.51.100.1", "node:node1", "8080/tcp", "deny")]
    [InlineData("05-protect-hosts", "198.51.100.1", "node:node1", "179/tcp", "allow")]
    [InlineData("06-try-it-first", "team-a/web", "team-a/database", "5432/tcp", "allow")]
    [InlineData("07-cluster-guard-rails", "other/client", "shop/front", "9100/tcp", "deny")]
    [InlineData("07-cluster-guard-rails", "other/client", "shop/front", "80/tcp", "allow")]
    [InlineData("07-cluster-guard-rails", "other/client", "strict/vault", "80/tcp", "deny")]
    [InlineData("07-cluster-guard-rails", "strict/vault", "strict/vault", "80/tcp", "allow")]
    public async Task Example_Behaves(string file, string from, string to, string port, string verdict) => await ExpectAsync(file, from, to, port, verdict);

    [Fact]
    public async Task StagedExample_ChangesWhatItSays()
    {
        await ExpectAsync("06-try-it-first", "team-a/web", "team-a/database", "5432/tcp", "deny", "--staged");
        await ExpectAsync("06-try-it-first", "team-a/back", "team-a/database", "5432/tcp", "allow", "--staged");
    }

    private async Task ExpectAsync(string file, string from, string to, string port, string verdict, params string[] more)
    {
        string example = Path.Combine(AppContext.BaseDirectory, "examples", $"{file}.yaml"), cluster = Write("cluster.yaml", Cluster);
        (int status, string output, string error) = await RunAsync(["explain", "-f", example, "-f", cluster, "--ip", "4", "--from", from, "--to", to, "--port", port, "--expect", verdict, .. more]);
        Assert.True(status == 0, $"{error}\n{output}");
    }
}
