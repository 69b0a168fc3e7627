using System.Diagnostics;

namespace Margay.Interop.ApiServer;

/// <summary>What an operator does with kubectl, unchanged: whichever version is installed (1.20 and 1.32 are known to pass).</summary>
public sealed class KubectlTests(ServerProcess server) : IClassFixture<ServerProcess>
{
    private const string Policy = """
        apiVersion: projectcalico.org/v3
        kind: NetworkPolicy
        metadata: {name: NAME, namespace: default}
        spec:
          selector: app == 'web'
          ingress:
          - action: Allow
            protocol: TCP
            destination: {ports: [80, "8000:8080"]}
        """;

    private const string Kind = "networkpolicies.projectcalico.org";

    private static string Named(string name) => Policy.Replace("NAME", name, StringComparison.Ordinal);

    [Fact]
    public async Task ApiResources_ListsTheKinds()
    {
        string output = await server.MustAsync("api-resources");
        foreach (string kind in (string[])["WorkloadEndpoint", "GlobalNetworkPolicy", "IPPool", "Namespace"]) Assert.Contains(kind, output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Apply_CreatesThenIsUnchangedThenConfigures()
    {
        Assert.Contains("created", await server.MustAsync("apply -f -", Named("apply")), StringComparison.Ordinal);
        Assert.Contains("unchanged", await server.MustAsync("apply -f -", Named("apply")), StringComparison.Ordinal);
        Assert.Contains("configured", await server.MustAsync("apply -f -", Named("apply").Replace("80,", "81,", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Contains("- 81", await server.MustAsync($"get {Kind} apply -o yaml"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Apply_MisspeltField_IsRefusedNamingIt()
    {
        (int status, string output) = await server.KubectlAsync("apply -f -", Named("misspelt").Replace("protocol", "protocoll", StringComparison.Ordinal));
        Assert.NotEqual(0, status);
        Assert.Contains("protocoll", output, StringComparison.Ordinal);
        Assert.NotEqual(0, (await server.KubectlAsync($"get {Kind} misspelt")).Status);
    }

    [Fact]
    public async Task Create_Invalid_ShowsEveryFault()
    {
        (int status, string output) = await server.KubectlAsync("create -f -", Named("faulty").Replace("Allow", "Allow\n    notProtocol: Nonsense", StringComparison.Ordinal).Replace("app == 'web'", "app ==", StringComparison.Ordinal));
        Assert.NotEqual(0, status);
        Assert.Contains("spec.selector", output, StringComparison.Ordinal);
        Assert.Contains("spec.ingress[0].notProtocol", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wait_ForAVirtualNetwork_ReturnsWhenItIsProgrammed()
    {
        await server.MustAsync("create -f -", "apiVersion: v1\nkind: Namespace\nmetadata: {name: waiting}\n---\napiVersion: margay.dev/v1\nkind: VirtualNetwork\nmetadata: {name: net, namespace: waiting}\nspec: {subnets: [{cidr: 10.0.0.0/24}]}\n");
        Assert.Contains("condition met", await server.MustAsync("wait --for=condition=Programmed virtualnetwork/net -n waiting --timeout=60s"), StringComparison.Ordinal);
        Assert.NotEqual(0, (await server.KubectlAsync("wait --for=condition=Degraded virtualnetwork/net -n waiting --timeout=2s")).Status);
    }

    [Fact]
    public async Task Get_InEveryForm()
    {
        await server.MustAsync("create -f -", Named("forms"));
        Assert.Equal($"networkpolicy.projectcalico.org/forms\n", await server.MustAsync($"get {Kind} forms -o name"));
        Assert.Contains("SELECTOR", await server.MustAsync($"get {Kind} forms"), StringComparison.Ordinal);
        Assert.Contains("INGRESS", await server.MustAsync($"get {Kind} forms -o wide"), StringComparison.Ordinal);
        Assert.Contains("\"kind\": \"NetworkPolicy\"", await server.MustAsync($"get {Kind} forms -o json"), StringComparison.Ordinal);
        Assert.Equal("app == 'web'", await server.MustAsync($"get {Kind} forms -o jsonpath={{.spec.selector}}"));
        Assert.Contains("NAMESPACE", await server.MustAsync($"get {Kind} -A"), StringComparison.Ordinal);
        Assert.Contains("Ingress", await server.MustAsync($"describe {Kind} forms"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task LabelAnnotatePatchReplaceDelete()
    {
        await server.MustAsync("create -f -", Named("verbs"));
        await server.MustAsync($"label {Kind} verbs team=blue");
        await server.MustAsync($"annotate {Kind} verbs note=x");
        Assert.Contains("verbs", await server.MustAsync($"get {Kind} -l team=blue"), StringComparison.Ordinal);
        await server.MustAsync($"patch {Kind} verbs --type=merge -p {{\\\"spec\\\":{{\\\"order\\\":5}}}}");
        await server.MustAsync($"patch {Kind} verbs --type=json -p [{{\\\"op\\\":\\\"replace\\\",\\\"path\\\":\\\"/spec/order\\\",\\\"value\\\":6}}]");
        Assert.Equal("6", await server.MustAsync($"get {Kind} verbs -o jsonpath={{.spec.order}}"));
        await server.MustAsync("replace -f -", Named("verbs"));
        Assert.Equal("", await server.MustAsync($"get {Kind} verbs -o jsonpath={{.spec.order}}"));
        await server.MustAsync($"delete {Kind} verbs");
        (int status, string output) = await server.KubectlAsync($"get {Kind} verbs");
        Assert.Equal((1, true), (status, output.Contains("NotFound", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Namespace_CreateApplyDelete()
    {
        await server.MustAsync("create namespace green");
        const string Manifest = "apiVersion: v1\nkind: Namespace\nmetadata: {name: green, labels: {a: b}}";
        await server.MustAsync("apply -f -", Manifest);
        await server.MustAsync("apply -f -", Manifest.Replace("a: b", "a: c", StringComparison.Ordinal));
        Assert.Equal("c", await server.MustAsync("get namespace green -o jsonpath={.metadata.labels.a}"));
        await server.MustAsync("delete namespace green");
        Assert.Contains("Forbidden", (await server.KubectlAsync("delete namespace default")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Get_Watch_ShowsChanges()
    {
        using Process watch = server.StartKubectl("get ippools -w");
        string header = await ReadLineAsync(watch, "", whenQuiet: () => server.MustAsync("create -f -", "apiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata: {name: watched}\nspec: {cidr: 10.77.0.0/16}"));
        string created = await ReadLineAsync(watch, "watched");
        await server.MustAsync("""patch ippool watched --type=merge -p {"spec":{"disabled":true}}""".Replace("\"", "\\\"", StringComparison.Ordinal));
        string patched = await ReadLineAsync(watch, " true ");
        watch.Kill();
        Assert.Contains("CIDR", header, StringComparison.Ordinal);
        Assert.Contains("false", created, StringComparison.Ordinal);
        Assert.StartsWith("watched", patched, StringComparison.Ordinal);
        await server.MustAsync("delete ippool watched");
    }

    [Fact]
    public async Task Kill_KeepsWhatWasAcknowledged()
    {
        await server.MustAsync("create -f -", Named("durable"));
        string before = await server.MustAsync($"get {Kind} durable -o yaml");
        await server.KillAsync();
        await server.StartAsync();
        Assert.Equal(before, await server.MustAsync($"get {Kind} durable -o yaml"));
    }

    private static async Task<string> ReadLineAsync(Process process, string containing, Func<Task>? whenQuiet = null)
    {
        if (whenQuiet is not null) await whenQuiet();
        using CancellationTokenSource limit = new(TimeSpan.FromSeconds(20), TimeProvider.System);
        while (await process.StandardOutput.ReadLineAsync(limit.Token) is { } line)
        {
            if (line.Contains(containing, StringComparison.Ordinal)) return line;
        }
        throw new InvalidOperationException("kubectl ended");
    }
}
