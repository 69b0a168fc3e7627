using System.Text.Json;

namespace Margay.Ctl.Tests.Explain;

/// <summary><c>margay explain</c> as its users see it: text, JSON, status, changes, faults.</summary>
public sealed class ExplainVerbTests : CliFixture
{
    private const string World =
        """
        {apiVersion: v1, kind: Namespace, metadata: {name: blue, labels: {env: prod}}}
        ---
        {apiVersion: projectcalico.org/v3, kind: Profile, metadata: {name: open}, spec: {ingress: [{action: Allow}], egress: [{action: Allow}]}}
        ---
        apiVersion: projectcalico.org/v3
        kind: WorkloadEndpoint
        metadata: {name: web, namespace: blue, labels: {app: web}}
        spec: {node: n1, interfaceName: mgweb, profiles: [open], ipNetworks: [10.65.0.1/32, "fd00::1/128"]}
        ---
        apiVersion: projectcalico.org/v3
        kind: WorkloadEndpoint
        metadata: {name: db, namespace: blue, labels: {app: db}}
        spec: {node: n1, interfaceName: mgdb, profiles: [open], ipNetworks: [10.65.0.2/32, "fd00::2/128"], ports: [{name: sql, protocol: TCP, port: 5432}]}

        """;

    private const string Policy =
        """
        apiVersion: projectcalico.org/v3
        kind: NetworkPolicy
        metadata: {name: db, namespace: blue}
        spec:
          selector: app == 'db'
          types: [Ingress]
          ingress:
          - {action: Deny, source: {nets: [192.0.2.0/24]}}
          - {action: Allow, protocol: TCP, source: {selector: app == 'web'}, destination: {ports: [sql]}}

        """;

    private const string Staged =
        """
        apiVersion: projectcalico.org/v3
        kind: StagedNetworkPolicy
        metadata: {name: db, namespace: blue}
        spec: {selector: app == 'db', types: [Ingress], ingress: [{action: Allow, protocol: TCP, destination: {ports: [80]}}]}

        """;

    private Task<(int Status, string Out, string Error)> AskAsync(string objects, string arguments)
    {
        Write("objects.yaml", objects);
        return RunAsync(["explain", "--manifests", Folder, .. arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
    }

    [Fact]
    public async Task Text_TellsEachStep()
    {
        (int status, string output, string error) = await AskAsync($"{World}---\n{Policy}", "-n blue --from web --to db --port sql --ip 4");
        Assert.Equal((0, ""), (status, error));
        Assert.Equal(
            """
            allow: blue/web to blue/db, 5432/tcp

            IPv4 10.65.0.1 to 10.65.0.2: allow, rule 1 of NetworkPolicy/blue/db in tier default
              node n1, egress of default/blue/web: allow
                  profile open
                    rule 0: Allow: matches every packet
              node n1, ingress of default/blue/db: allow
                tier default
                  NetworkPolicy/blue/db, which selects app == 'db' in namespace blue
                    rule 0: no match: source 10.65.0.1 is not in 192.0.2.0/24
                    rule 1: Allow: protocol tcp is tcp; source 10.65.0.1 is in the set of [projectcalico.org/namespace == "blue" && app == "web"]; destination 10.65.0.2 port 5432 is in the named ports [port sql of all()]
              route: 10.65.0.2/32 at interface mgdb of node n1

            """, output);
    }

    [Theory]
    [InlineData("--from blue/web --to blue/db --port 5432", "allow", "policyRule", "NetworkPolicy/blue/db", 1)]
    [InlineData("--from 192.0.2.9 --to blue/db --port 5432", "deny", "policyRule", "NetworkPolicy/blue/db", 0)]
    [InlineData("--from blue/web --to blue/db --port 80", "deny", "tierDefault", null, null)]
    [InlineData("--from blue/db --to fd00::1 --port icmp", "allow", "profileRule", "open", 0)]
    public async Task Json_GivesVerdictAndWhatDecided(string arguments, string verdict, string kind, string? policy, int? rule)
    {
        (int status, string output, _) = await AskAsync($"{World}---\n{Policy}", $"{arguments} -o json --expect {verdict}");
        JsonElement report = JsonDocument.Parse(output).RootElement, by = report.GetProperty("paths")[0].GetProperty("decidedBy");
        Assert.Equal((0, verdict, kind), (status, report.GetProperty("verdict").GetString(), by.GetProperty("kind").GetString()));
        Assert.Equal((policy, rule), (by.TryGetProperty("policy", out JsonElement p) ? p.GetString() : null, by.TryGetProperty("rule", out JsonElement r) ? r.GetInt32() : null));
        Assert.Equal(1, (await AskAsync($"{World}---\n{Policy}", $"{arguments} --expect {(verdict == "allow" ? "deny" : "allow")}")).Status);
        Assert.StartsWith($"verdict: {verdict}\n", (await AskAsync($"{World}---\n{Policy}", $"{arguments} -o yaml")).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Families_MayDiffer()
    {
        string policy = Policy.Replace("192.0.2.0/24", "10.65.0.1/32", StringComparison.Ordinal);
        (int status, string output, _) = await AskAsync($"{World}---\n{policy}", "--from blue/web --to blue/db --port sql --expect allow");
        Assert.Equal(1, status);
        Assert.StartsWith("differs: ", output, StringComparison.Ordinal);
        Assert.Equal(0, (await AskAsync($"{World}---\n{policy}", "--from blue/web --to blue/db --port sql --ip 6 --expect allow")).Status);
    }

    [Fact]
    public async Task Staged_ListsWhoseVerdictChanges()
    {
        (int status, string output, _) = await AskAsync($"{World}---\n{Policy}---\n{Staged}", "--staged -o json");
        JsonElement report = JsonDocument.Parse(output).RootElement;
        Assert.Equal(0, status);
        Assert.False(report.TryGetProperty("verdict", out _));
        Assert.True(report.GetProperty("changesComplete").GetBoolean());
        Assert.Equal(["blue/web blue/db 80/tcp 4 deny allow", "blue/web blue/db 80/tcp 6 deny allow", "blue/web blue/db 5432/tcp 4 allow deny", "blue/web blue/db 5432/tcp 6 allow deny"], report.GetProperty("changes").EnumerateArray()
            .Select(c => $"{c.GetProperty("from")} {c.GetProperty("to")} {c.GetProperty("port")} {c.GetProperty("family")} {c.GetProperty("before")} {c.GetProperty("after")}"));

        (status, output, _) = await AskAsync($"{World}---\n{Policy}---\n{Staged}", "--staged --from blue/web --to blue/db --port 80 --expect allow");
        Assert.Equal(0, status);
        Assert.StartsWith("allow (now: deny): blue/web to blue/db, 80/tcp\n", output, StringComparison.Ordinal);
        Assert.Contains("rule 0 of NetworkPolicy/blue/db", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("blue/web", "the change changes 2 verdicts", 1)]
    [InlineData("blue/db", "the change changes no verdict", 0)]
    public async Task With_AppliesOnPaper(string from, string head, int status)
    {
        string change = Path.Combine(Directory.CreateDirectory(Path.Combine(Folder, "change")).FullName, "policy.yaml");
        await File.WriteAllTextAsync(change, Policy.Replace("[sql]", "[80]", StringComparison.Ordinal));
        (int expected, string output, string error) = await AskAsync($"{World}---\n{Policy}", $"--with {change} --from {from} --port 5432 --expect unchanged");
        Assert.Equal((status, ""), (expected, error));
        Assert.StartsWith(head, output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Server_IsAskedForItsObjects()
    {
        foreach (string document in $"{World}---\n{Policy}".Split("---\n")) Assert.Equal(0, (await RunAsync(["apply", "-f", "-"], document)).Status);
        (int status, string output, string error) = await RunAsync("explain", "--from", "blue/web", "--to", "blue/db", "--port", "80", "--expect", "deny");
        Assert.Equal((0, ""), (status, error));
        Assert.Contains("end of tier default", output, StringComparison.Ordinal);
        Server.IsDown = true;
        Assert.Equal(1, (await RunAsync("explain", "--from", "blue/web", "--to", "blue/db", "--port", "80", "--expect", "deny")).Status);
    }

    [Theory]
    [InlineData("", 2, "say who: --from WHO --to WHO --port PORT")]
    [InlineData("--from a --to b", 2, "say what is sent")]
    [InlineData("--from a --to b --port 1 --port 2", 2, "one --port at a time")]
    [InlineData("--staged --expect allow", 2, "--expect allow and --expect deny are for one")]
    [InlineData("--from a --to b --port 1 --expect unchanged", 2, "--expect unchanged is for --staged and --with")]
    [InlineData("--from blue/x --to blue/db --port 80", 1, "there is no workload blue/x; known: blue/db, blue/web")]
    [InlineData("--from blue/web --to blue/db --port http", 1, "\"http\" is no port of blue/db: write 443/tcp")]
    [InlineData("--from 192.0.2.1 --to 192.0.2.2 --port 80", 1, "neither 192.0.2.1 nor 192.0.2.2 is a workload or a node of this cluster")]
    [InlineData("--from 192.0.2.1 --to blue/db --port 80 --ip 6", 1, "have no address of one family")]
    [InlineData("--from blue/web --to blue/db --port 80 --with /nonexistent", 1, "/nonexistent")]
    public async Task Faults_SayWhatToDo(string arguments, int status, string message)
    {
        (int actual, string output, string error) = await AskAsync(World, arguments);
        Assert.Equal((status, ""), (actual, output));
        Assert.Contains(message, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task FaultyManifests_AreNoAnswer_AndForeignOnesArePassedOver()
    {
        (int status, string output, string error) = await AskAsync($"{World}---\n{Policy.Replace("app == 'web'", "app =", StringComparison.Ordinal)}", "--from blue/web --to blue/db --port 80");
        Assert.Equal((1, ""), (status, output));
        Assert.Contains("spec.ingress[1].source.selector", error, StringComparison.Ordinal);
        (status, _, error) = await AskAsync($"{World}---\n{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: d}}}}\n", "--from blue/web --to blue/db --port 80 --expect allow");
        Assert.Equal(0, status);
        Assert.Contains("warning: ", error, StringComparison.Ordinal);
        Assert.Contains("Deployment (apps/v1) is passed over", error, StringComparison.Ordinal);
    }
}
