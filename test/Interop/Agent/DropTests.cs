using System.Diagnostics;
using System.Text.Json;
using Margay.Api.Attach;
using Margay.Api.Client;
using Margay.Interop.Dataplane;
using Margay.Interop.Netlink;
using Margay.Netlink.Namespaces;

namespace Margay.Interop.Agent;

/// <summary>
/// Two hosts with the real programs, a workload on each. What policy drops shows up on the host that dropped it, by rule and endpoint: in <c>margay drops</c>, in the agent's log and
/// in its metrics; and <c>margay explain</c> names the same rule.
/// </summary>
public sealed class DropTests
{
    private const string Policy =
        """
        {"apiVersion":"projectcalico.org/v3","kind":"GlobalNetworkPolicy","metadata":{"name":"guard"},"spec":{"types":["Ingress","Egress"],
         "ingress":[{"action":"Allow","protocol":"TCP","destination":{"ports":[80]}},{"action":"Deny","protocol":"ICMP"},{"action":"Deny","protocol":"ICMPv6"},
                    {"action":"Deny","protocol":"TCP","destination":{"ports":[22]}}],
         "egress":[{"action":"Deny","protocol":"UDP","destination":{"ports":[53]}},{"action":"Allow"}]}}
        """;

    private const string Guard = "GlobalNetworkPolicy/guard";
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task DroppedPackets_AreTold_WithRuleAndEndpoint()
    {
        await using Cluster cluster = new();
        await cluster.StartServerAsync();
        await cluster.PutAsync("POST", "ippools", """{"apiVersion":"projectcalico.org/v3","kind":"IPPool","metadata":{"name":"p4"},"spec":{"cidr":"10.65.0.0/16","blockSize":28}}""");
        await cluster.PutAsync("POST", "ippools", """{"apiVersion":"projectcalico.org/v3","kind":"IPPool","metadata":{"name":"p6"},"spec":{"cidr":"fd65::/112"}}""");
        await cluster.PutAsync("POST", "globalnetworkpolicies", Policy);
        cluster.StartHost(1);
        cluster.StartHost(2);
        await Eventually.Async(() => Task.FromResult(cluster.Established("n1").Count > 0 && cluster.Established("n2").Count > 0), s_patience);
        using Workload a = new(cluster, "n1", "a"), b = new(cluster, "n2", "b");
        await Eventually.Async(() => Task.FromResult(cluster.IpText("n1", $"route show to match {b.Address4}").Contains("192.0.2.2", StringComparison.Ordinal)), s_patience);

        // On the target's host: ingress.
        using StreamOfDrops watch = new(cluster, "n2");
        a.Ping(b.Address4);
        JsonElement ping = await DropAsync(cluster, "n2", d => Text(d, "protocol") == "icmp");
        Assert.Equal((Guard, 1, "rule", "ingress"), (Text(ping, "name"), ping.GetProperty("rule").GetInt32(), Text(ping, "kind"), Text(ping, "direction")));
        Assert.Equal(($"default/{b.Endpoint}", a.Address4, b.Address4, 8), (Text(ping, "endpoint"), Text(ping, "source"), Text(ping, "destination"), ping.GetProperty("icmpType").GetInt32()));

        Assert.False(await Traffic.ConnectsAsync(a.Namespace, b.Namespace, Core.Net.InetAddress.Parse(b.Address4), 22));
        JsonElement connect = await DropAsync(cluster, "n2", d => Text(d, "protocol") == "tcp");
        Assert.Equal((Guard, 3, 22), (Text(connect, "name"), connect.GetProperty("rule").GetInt32(), connect.GetProperty("destinationPort").GetInt32()));

        Assert.False(await Traffic.ConnectsAsync(a.Namespace, b.Namespace, Core.Net.InetAddress.Parse(b.Address4), 23));
        JsonElement end = await DropAsync(cluster, "n2", d => d.TryGetProperty("destinationPort", out JsonElement p) && p.GetInt32() == 23);
        Assert.Equal(("tier", "default", "end of tier default"), (Text(end, "kind"), Text(end, "name"), Text(end, "by")));

        // On the source's host: egress, and what no policy is asked about.
        await Traffic.ArrivesAsync(a.Namespace, b.Namespace, Core.Net.InetAddress.Parse(b.Address4), 53);
        JsonElement egress = await DropAsync(cluster, "n1", d => Text(d, "protocol") == "udp");
        Assert.Equal((Guard, 0, "egress", $"default/{a.Endpoint}"), (Text(egress, "name"), egress.GetProperty("rule").GetInt32(), Text(egress, "direction"), Text(egress, "endpoint")));
        await Traffic.ArrivesAsync(a.Namespace, b.Namespace, Core.Net.InetAddress.Parse(b.Address4), 4000, source: Core.Net.InetAddress.Parse("203.0.113.9"));
        JsonElement spoofed = await DropAsync(cluster, "n1", d => Text(d, "source") == "203.0.113.9");
        Assert.Equal(("fixed", "spoofed source"), (Text(spoofed, "kind"), Text(spoofed, "name")));

        // IPv6, on one host: the lab's underlay has IPv4 alone.
        using Workload c = new(cluster, "n2", "c");
        c.Ping(b.Address6);
        JsonElement ping6 = await DropAsync(cluster, "n2", d => Text(d, "protocol") == "icmpv6");
        Assert.Equal((Guard, 2, c.Address6), (Text(ping6, "name"), ping6.GetProperty("rule").GetInt32(), Text(ping6, "source")));

        // The same elsewhere.
        await watch.WaitForAsync($"\"by\":\"rule 1 of {Guard}\"", s_patience);
        string metrics = cluster.Query("n2", "metrics").Query!.Text!;
        Assert.Contains($"margay_drops_logged_total{{kind=\"rule\",name=\"{Guard}\",rule=\"1\",direction=\"ingress\",endpoint=\"default/{b.Endpoint}\"}} 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains($"dropped: ingress of default/{b.Endpoint}: icmp {a.Address4} to {b.Address4} type 8 code 0 by rule 1 of {Guard}", cluster.Log("n2"), StringComparison.Ordinal);
        string table = Margay(cluster, "n2", 0, "drops", "--endpoint", b.Endpoint, "--limit", "400");
        Assert.StartsWith("TIME ", table, StringComparison.Ordinal);
        Assert.Matches($@"ingress +default/{b.Endpoint} +tcp +{a.Address4}:\d+ +{b.Address4}:22 +rule 3 of {Guard}\n", table);
        Assert.DoesNotContain(a.Endpoint, table, StringComparison.Ordinal);

        // The question asked beforehand has the same answer.
        JsonElement explained = JsonDocument.Parse(Margay(cluster, "n2", 0, "--server", "http://192.0.2.254:7443", "explain", "--from", a.Endpoint, "--to", b.Endpoint, "--port", "icmp", "--ip", "4", "--expect", "deny", "-o", "json")).RootElement;
        JsonElement by = explained.GetProperty("paths")[0].GetProperty("decidedBy");
        Assert.Equal((Guard, 1), (by.GetProperty("policy").GetString(), by.GetProperty("rule").GetInt32()));
        string route = explained.GetProperty("paths")[0].GetProperty("route").GetString()!;
        Assert.Contains("via 192.0.2.2 (node n2)", route, StringComparison.Ordinal);
        string text = Margay(cluster, "n1", 1, "--server", "http://192.0.2.254:7443", "explain", "--from", a.Endpoint, "--to", b.Address4, "--port", "23", "--expect", "allow");
        Assert.Contains($"{route.Split(' ')[0]} yes, via ", text, StringComparison.Ordinal);
        Margay(cluster, "n1", 0, "--server", "http://192.0.2.254:7443", "explain", "--from", a.Endpoint, "--to", b.Address4, "--port", "80", "--expect", "allow");
    }

    private static string Text(JsonElement drop, string property) => drop.TryGetProperty(property, out JsonElement value) ? value.GetString()! : "";

    private static async Task<JsonElement> DropAsync(Cluster cluster, string host, Func<JsonElement, bool> which)
    {
        JsonElement found = default;
        await Eventually.Async(() =>
        {
            AgentReply reply = cluster.Query(host, "drops");
            Assert.True(reply.Error is null, reply.Error?.Message);
            found = reply.Query!.Json!.Value.GetProperty("drops").EnumerateArray().FirstOrDefault(which);
            return Task.FromResult(found.ValueKind == JsonValueKind.Object);
        }, s_patience);
        return found;
    }

    private static string Margay(Cluster cluster, string host, int status, params string[] arguments)
    {
        ProcessStartInfo info = new(NativePrograms.PathOf("margay")) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in (string[])["--agent-socket", cluster.SocketOf(host), .. arguments]) info.ArgumentList.Add(argument);
        using Process process = cluster.Namespace(host).Start(info);
        string output = process.StandardOutput.ReadToEnd(), error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == status, $"status {process.ExitCode}: {error}{output}");
        return output;
    }

    /// <summary><c>margay drops -w</c>, until it is disposed.</summary>
    private sealed class StreamOfDrops : IDisposable
    {
        private readonly string _file = Path.GetTempFileName();
        private readonly Process _process;

        public StreamOfDrops(Cluster cluster, string host)
        {
            ProcessStartInfo info = new("/bin/sh") { ArgumentList = { "-c", "exec \"$1\" --agent-socket \"$2\" drops -w -o json >\"$3\" 2>&1", "sh", NativePrograms.PathOf("margay"), cluster.SocketOf(host), _file } };
            _process = Process.Start(info)!;
        }

        public Task WaitForAsync(string text, TimeSpan patience) => Eventually.Async(() => Task.FromResult(File.ReadAllText(_file).Contains(text, StringComparison.Ordinal)), patience);

        public void Dispose()
        {
            if (!_process.HasExited) _process.Kill();
            _process.WaitForExit();
            _process.Dispose();
            File.Delete(_file);
        }
    }

    /// <summary>A namespace that the host's agent has given an interface.</summary>
    private sealed class Workload : IDisposable
    {
        private readonly string _name;

        public Workload(Cluster cluster, string host, string name)
        {
            _name = $"{cluster.NameOf(host)}-{name}";
            Namespace = NetworkNamespace.Create(_name).Value;
            AgentReply reply = new AgentClient(cluster.SocketOf(host)).Ask(new AgentRequest
            {
                Attach = new AttachRequest { ContainerId = name, NetworkNamespace = $"{NetworkNamespace.Directory}/{_name}", Interface = "eth0", Workload = name },
            });
            Assert.True(reply.Error is null, $"{reply.Error?.Message}\n{cluster.Log(host)}");
            Endpoint = reply.Attach!.Endpoint;
            string[] addresses = [.. reply.Attach.Addresses.Select(x => x.Split('/')[0])];
            (Address4, Address6) = (addresses.Single(x => !x.Contains(':', StringComparison.Ordinal)), addresses.Single(x => x.Contains(':', StringComparison.Ordinal)));
        }

        public NetworkNamespace Namespace { get; }

        /// <summary>NAMESPACE/NAME.</summary>
        public string Endpoint { get; }

        public string Address4 { get; }
        public string Address6 { get; }

        /// <summary>One echo request, to which no answer is expected.</summary>
        public void Ping(string address) => Tool.Run("ip", "netns", "exec", _name, "sh", "-c", "busybox ping -c 1 -W 1 \"$1\" >&2; test $? = 1", "sh", address);

        public void Dispose()
        {
            Namespace.Dispose();
            NetworkNamespace.Delete(_name);
        }
    }
}
