using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Margay.Api.Attach;
using Margay.Api.Client;
using Margay.Interop.Netlink;
using Margay.Netlink.Namespaces;

namespace Margay.Interop.Agent;

/// <summary>
/// One host in a namespace with the real programs: margay-server, margay-agent, and margay-cni run as a container runtime runs it. Everything is
/// ended and removed at the end, whatever happened.
/// </summary>
internal sealed class AgentHost : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly string _folder = Directory.CreateTempSubdirectory("mgy-agent-").FullName;
    private readonly List<string> _workloads = [];
    private Process? _server;
    private Process? _agent;

    internal AgentHost()
    {
        Tool.RequireRoot();
        Name = $"mgy-agent-{Guid.NewGuid().ToString("N")[..8]}";
        Namespace = NetworkNamespace.Create(Name).Value;
        Ip("link set lo up");
        Ip("link add up0 type veth peer name up1");
        Ip("addr add 192.0.2.10/24 dev up0");
        Ip("-6 addr add 2001:db8::10/64 dev up0 nodad");
        Ip("link set up0 up");
        Ip("link set up1 up");
        Ip("route add default via 192.0.2.1");
        Ip("-6 route add default via 2001:db8::1");
    }

    internal string Name { get; }
    internal NetworkNamespace Namespace { get; }
    internal string Folder => _folder;
    internal string Socket => Path.Combine(_folder, "run", "agent.sock");
    internal string CniProgram => NativePrograms.PathOf("margay-cni");
    internal string AgentLog => LogOf("agent.log");

    /// <summary>Server with one pool of each family and a policy that allows everything, then the agent.</summary>
    internal static async Task<AgentHost> StartAsync(string pool = "10.65.0.0/16")
    {
        AgentHost host = new();
        await host.StartServerAsync();
        await host.ApplyAsync("ippools", $$$"""{"apiVersion":"projectcalico.org/v3","kind":"IPPool","metadata":{"name":"p4"},"spec":{"cidr":"{{{pool}}}","blockSize":28}}""");
        await host.ApplyAsync("ippools", """{"apiVersion":"projectcalico.org/v3","kind":"IPPool","metadata":{"name":"p6"},"spec":{"cidr":"fd65::/112"}}""");
        await host.ApplyAsync("globalnetworkpolicies", """{"apiVersion":"projectcalico.org/v3","kind":"GlobalNetworkPolicy","metadata":{"name":"allow"},"spec":{"types":["Ingress","Egress"],"ingress":[{"action":"Allow"}],"egress":[{"action":"Allow"}]}}""");
        await host.StartAgentAsync();
        await host.WaitForServerContactAsync();
        return host;
    }

    internal async Task StartServerAsync()
    {
        _server = Start("margay-server", "server.log", "--data-dir", Path.Combine(_folder, "data"));
        await Eventually.Async(async () =>
        {
            Assert.False(_server.HasExited, LogOf("server.log"));
            return (await HttpAsync("GET", "/readyz", null)).Status == 200;
        }, s_patience);
    }

    internal async Task StartAgentAsync()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "run"));
        File.Delete(Socket);
        _agent = Start("margay-agent", "agent.log", "--node", "n1", "--state-dir", Path.Combine(_folder, "state"), "--run-dir", Path.Combine(_folder, "run"));
        await Eventually.Async(() =>
        {
            Assert.False(_agent.HasExited, AgentLog);
            return Task.FromResult(Query("status").Error is null);
        }, s_patience);
    }

    internal Task WaitForServerContactAsync() => Eventually.Async(() => Task.FromResult(Status("compared with server") == "yes" && Status("connected") == "yes"), s_patience);

    /// <summary>SIGKILL.</summary>
    internal void KillAgent() => Kill(ref _agent);

    internal void KillServer() => Kill(ref _server);

    /// <summary>SIGTERM, as systemd does it.</summary>
    internal async Task StopAgentAsync()
    {
        Tool.Run("kill", "-TERM", _agent!.Id.ToString(CultureInfo.InvariantCulture));
        await _agent.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(s_patience);
        Assert.Equal(0, _agent.ExitCode);
        _agent = null;
    }

    internal string AddWorkload(string container)
    {
        string name = $"{Name}-{container}";
        NetworkNamespace.Create(name).Value.Dispose();
        _workloads.Add(name);
        return name;
    }

    internal string PathOf(string container) => $"{NetworkNamespace.Directory}/{Name}-{container}";

    /// <summary>Runs the plugin as a runtime would, in this process's own namespace.</summary>
    internal async Task<(int Exit, JsonElement Result)> CniAsync(string command, string container, string extra = "", string version = "1.0.0", string? netns = null)
    {
        ProcessStartInfo info = new(CniProgram) { RedirectStandardInput = true, RedirectStandardOutput = true };
        info.Environment.Clear();
        info.Environment["CNI_COMMAND"] = command;
        info.Environment["CNI_CONTAINERID"] = container;
        info.Environment["CNI_NETNS"] = netns ?? PathOf(container);
        info.Environment["CNI_IFNAME"] = "eth0";
        info.Environment["CNI_PATH"] = NativePrograms.Folder;
        using Process process = Process.Start(info)!;
        await process.StandardInput.WriteAsync($$"""{"cniVersion":"{{version}}","name":"net","type":"margay-cni","agentSocket":"{{Socket}}"{{extra}}}""");
        process.StandardInput.Close();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, output.Length == 0 ? default : JsonDocument.Parse(output).RootElement);
    }

    /// <summary>ADD that must succeed: its first address.</summary>
    internal async Task<string> AttachAsync(string container)
    {
        AddWorkload(container);
        (int exit, JsonElement result) = await CniAsync("ADD", container);
        Assert.True(exit == 0, $"{result}\n{AgentLog}");
        return AddressOf(result);
    }

    internal static string AddressOf(JsonElement result) => result.GetProperty("ips")[0].GetProperty("address").GetString()!.Split('/')[0];

    internal AgentReply Query(string topic, string? argument = null) => new AgentClient(Socket, TimeSpan.FromSeconds(10)).Query(topic, argument);

    internal string Status(string name) => Query("status").Query?.Rows?.FirstOrDefault(r => r[0] == name)?[1] ?? "";

    /// <summary>Whether all BGP sessions of the agent are Established, and there is one.</summary>
    internal bool BgpIsUp() => Query("bgp-peers").Query?.Rows is { Count: > 0 } rows && rows.All(r => r.Any(c => c.StartsWith("Established", StringComparison.OrdinalIgnoreCase)));

    /// <summary>Addresses in use, as the agent counts them.</summary>
    internal int InUse() => Query("ipam").Query!.Rows!.Sum(r => int.Parse(r[4], CultureInfo.InvariantCulture));

    internal IReadOnlyList<string> HostInterfaces() =>
        [.. IpText("-o link show type veth").Split('\n').Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Where(w => w.Length > 1).Select(w => w[1].Split('@')[0].TrimEnd(':')).Where(n => n.StartsWith("mg", StringComparison.Ordinal))];

    internal async Task<IReadOnlyList<string>> ServerEndpointsAsync()
    {
        (int status, string body) = await HttpAsync("GET", "/apis/projectcalico.org/v3/workloadendpoints", null);
        Assert.Equal(200, status);
        return [.. JsonDocument.Parse(body).RootElement.GetProperty("items").EnumerateArray().Select(i => i.GetProperty("metadata").GetProperty("name").GetString()!)];
    }

    internal async Task ApplyAsync(string plural, string json)
    {
        (int status, string body) = await HttpAsync("POST", $"/apis/projectcalico.org/v3/{plural}", json);
        Assert.True(status == 201, $"{status}: {body}");
    }

    internal async Task ReplaceAsync(string plural, string name, string json)
    {
        (int status, string body) = await HttpAsync("PUT", $"/apis/projectcalico.org/v3/{plural}/{name}", json);
        Assert.True(status == 200, $"{status}: {body}");
    }

    internal async Task DeleteAsync(string plural, string name)
    {
        (int status, string body) = await HttpAsync("DELETE", $"/apis/projectcalico.org/v3/{plural}/{name}", null);
        Assert.True(status == 200, $"{status}: {body}");
    }

    internal void Ip(string commandLine) => IpText(commandLine);
    internal string IpText(string commandLine) => Tool.Run("ip", ["-n", Name, .. commandLine.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);

    internal string In(string container, params string[] command) => Tool.Run("ip", ["netns", "exec", $"{Name}-{container}", .. command]);

    public async ValueTask DisposeAsync()
    {
        Kill(ref _agent);
        Kill(ref _server);
        foreach (string name in _workloads) NetworkNamespace.Delete(name);
        NetworkNamespace.Delete(Name);
        Namespace.Dispose();
        await Task.Run(() => Directory.Delete(_folder, recursive: true));
    }

    private Process Start(string program, string log, params string[] arguments)
    {
        // A shell that becomes the program: its output goes to a file, which no full pipe can stop.
        ProcessStartInfo info = new("/bin/sh") { ArgumentList = { "-c", "log=$1; shift; exec \"$@\" >>\"$log\" 2>&1", "sh", Path.Combine(_folder, log), NativePrograms.PathOf(program) } };
        foreach (string argument in arguments) info.ArgumentList.Add(argument);
        return Namespace.Start(info);
    }

    private string LogOf(string file) => File.Exists(Path.Combine(_folder, file)) ? File.ReadAllText(Path.Combine(_folder, file)) : "";

    private static void Kill(ref Process? process)
    {
        if (process is null) return;
        process.Kill();
        process.WaitForExit();
        process.Dispose();
        process = null;
    }

    private Task<(int Status, string Body)> HttpAsync(string method, string path, string? body) => ServerRequest.SendAsync(Namespace, "127.0.0.1", method, path, body);
}
