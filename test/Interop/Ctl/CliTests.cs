using System.Diagnostics;

namespace Margay.Interop.Ctl;

/// <summary>The CLI against the real server: from manifests to objects and back, watches, refusals.</summary>
public sealed class CliTests : IDisposable
{
    private const string Manifest =
        """
        apiVersion: projectcalico.org/v3
        kind: NetworkPolicy
        metadata: {name: web, namespace: prod}
        spec:
          selector: app == 'web'
          order: 10
          ingress:
          - {action: Allow, protocol: TCP, source: {selector: app == 'client'}, destination: {ports: [80]}}
        ---
        apiVersion: v1
        kind: Namespace
        metadata: {name: prod}
        ---
        apiVersion: projectcalico.org/v3
        kind: Node
        metadata: {name: n1}
        spec: {bgp: {ipv4Address: 192.0.2.1/24}}
        """;

    private readonly RealServer _server = new();

    public void Dispose() => _server.Dispose();

    [Fact]
    public async Task Apply_Get_Delete_RoundTrip()
    {
        await Ready();
        Assert.Equal((0, "namespace/prod created\nnetworkpolicy.projectcalico.org/web created\nnode.projectcalico.org/n1 created\n", ""), await _server.RunAsync(Manifest, "apply", "-f", "-"));
        Assert.Equal((0, "namespace/prod unchanged\nnetworkpolicy.projectcalico.org/web unchanged\nnode.projectcalico.org/n1 unchanged\n", ""), await _server.RunAsync(Manifest, "apply", "-f", "-"));
        string changed = Manifest.Replace("  order: 10\n", "", StringComparison.Ordinal);
        Assert.Contains("web configured", (await _server.RunAsync(changed, "apply", "-f", "-")).Out, StringComparison.Ordinal);
        string yaml = (await _server.RunAsync("", "get", "networkpolicy", "web", "-n", "prod", "-o", "yaml")).Out;
        Assert.Contains("selector: 'app == ''web'''", yaml, StringComparison.Ordinal);
        Assert.Contains("types:\n  - Ingress", yaml, StringComparison.Ordinal);
        Assert.DoesNotContain("order: ", yaml, StringComparison.Ordinal);
        Assert.Equal(0, (await _server.RunAsync(yaml, "replace", "-f", "-")).Status);
        // The version in the text is no longer the current one.
        (int status, _, string error) = await _server.RunAsync(yaml.Replace("app ==", "role ==", StringComparison.Ordinal), "replace", "-f", "-");
        (int again, _, string stale) = await _server.RunAsync(yaml.Replace("app ==", "kind ==", StringComparison.Ordinal), "replace", "-f", "-");
        Assert.True(status == 1 || again == 1, error + stale);
        Assert.Equal("node.projectcalico.org/n1 deleted\nnetworkpolicy.projectcalico.org/web deleted\nnamespace/prod deleted\n", (await _server.RunAsync(Manifest, "delete", "-f", "-")).Out);
        Assert.Equal(1, (await _server.RunAsync("", "get", "node", "n1")).Status);
    }

    [Fact]
    public async Task ServersRefusal_NamesTheField()
    {
        await Ready();
        await _server.RunAsync(Manifest, "apply", "-f", "-");
        (int status, _, string error) = await _server.RunAsync("", "patch", "networkpolicy", "web", "-n", "prod", "-p", "{spec: {selector: 'a = b'}}");
        Assert.Equal(1, status);
        Assert.Contains("spec.selector", error, StringComparison.Ordinal);
        Assert.Contains("use '=='", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Watch_ShowsEachChange()
    {
        await Ready();
        await _server.RunAsync(Manifest, "apply", "-f", "-");
        using Process watch = _server.StartCli("get", "nodes", "-w", "-o", "wide");
        try
        {
            Assert.StartsWith("NAME", await Line(watch), StringComparison.Ordinal);
            Assert.StartsWith("n1 ", await Line(watch), StringComparison.Ordinal);
            Assert.Equal(0, (await _server.RunAsync("", "label", "node", "n1", "rack=7")).Status);
            Assert.Contains("rack=7", await Line(watch), StringComparison.Ordinal);
            Assert.Equal(0, (await _server.RunAsync("", "delete", "node", "n1")).Status);
            Assert.Contains("(deleted)", await Line(watch), StringComparison.Ordinal);
        }
        finally
        {
            watch.Kill();
            await watch.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
    }

    private static async Task<string> Line(Process process) =>
        await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken) ?? "";

    private Task Ready() => Eventually.Async(async () => (await _server.RunAsync("", "get", "nodes")).Status == 0, TimeSpan.FromSeconds(60));
}
