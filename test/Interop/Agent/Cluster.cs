using System.Diagnostics;
using System.Text.Json;
using Margay.Api.Attach;
using Margay.Api.Client;
using Margay.Interop.Netlink;
using Margay.Netlink.Namespaces;

namespace Margay.Interop.Agent;

/// <summary>
/// A server and several hosts on one bridge, each in a namespace of its own: hub 192.0.2.254, host n 192.0.2.n. Hosts carry labels rack=rN in turn. Everything is ended and removed
/// at the end, whatever happened.
/// </summary>
internal sealed class Cluster : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(90);

    private readonly string _id = "mgy-cl-" + Guid.NewGuid().ToString("N")[..6];
    private readonly string _folder = Directory.CreateTempSubdirectory("mgy-cl-").FullName;
    private readonly List<NetworkNamespace> _namespaces = [];
    private readonly List<string> _names = [];
    private readonly Dictionary<string, Process> _processes = [];

    internal Cluster()
    {
        Tool.RequireRoot();
        AddNamespace("hub");
        Ip("hub", "link set lo up");
        Ip("hub", "link add br0 type bridge");
        Ip("hub", "link set br0 up");
        Ip("hub", "addr add 192.0.2.254/24 dev br0");
    }

    internal async Task StartServerAsync()
    {
        Start("hub", "server", [NativePrograms.PathOf("margay-server"), "--data-dir", Path.Combine(_folder, "data"), "--listen", "http://192.0.2.254:7443", "--no-auth"]);
        await Eventually.Async(async () => (await HttpAsync("GET", "/readyz", null)).Status == 200, s_patience);
    }

    /// <summary>Makes host n and starts its agent.</summary>
    internal void StartHost(int n, params string[] flags)
    {
        AddHost(n);
        StartAgent(n, [], flags);
    }

    /// <summary>The same as the user nobody, who has no capabilities.</summary>
    internal void StartUnprivileged(int n, params string[] flags)
    {
        AddHost(n);
        Tool.Run("chmod", "755", _folder);
        Tool.Run("chown", "-R", "nobody", Path.Combine(_folder, $"n{n}"));
        StartAgent(n, ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--no-new-privs", "--bounding-set=-all"], flags);
    }

    /// <summary>Starts the agent of a host again after <see cref="Kill"/>.</summary>
    internal void Restart(int n, params string[] flags) => StartAgent(n, [], flags);

    /// <summary>Host n without an agent, for a program of others; its folder.</summary>
    internal string AddForeign(int n)
    {
        AddHost(n);
        return Path.Combine(_folder, $"n{n}");
    }

    internal string SocketOf(string host) => Path.Combine(_folder, host, "agent.sock");

    private void AddHost(int n)
    {
        string host = $"n{n}";
        AddNamespace(host);
        Tool.Run("ip", "-n", NameOf("hub"), "link", "add", $"p{n}", "type", "veth", "peer", "name", "up0", "netns", NameOf(host));
        Ip("hub", $"link set p{n} master br0");
        Ip("hub", $"link set p{n} up");
        Ip(host, "link set lo up");
        Ip(host, $"addr add 192.0.2.{n}/24 dev up0");
        Ip(host, "link set up0 up");
        Ip(host, "route add default via 192.0.2.254");
        Directory.CreateDirectory(Path.Combine(_folder, host));
    }

    private void StartAgent(int n, string[] prefix, string[] flags)
    {
        string host = $"n{n}";
        Start(host, host, [.. prefix, NativePrograms.PathOf("margay-agent"), "--node", host, "--server", "http://192.0.2.254:7443", "--state-dir", Path.Combine(_folder, host, "state"), "--run-dir", Path.Combine(_folder, host), "--labels", $"rack=r{n % 3}", .. flags]);
    }

    /// <summary>SIGKILL of a host's agent, or of the "server".</summary>
    internal void Kill(string host)
    {
        _processes[host].Kill();
        _processes[host].WaitForExit();
    }

    internal AgentReply Query(string host, string topic, string? argument = null) => new AgentClient(SocketOf(host), TimeSpan.FromSeconds(20)).Query(topic, argument);

    /// <summary>Names of the established sessions.</summary>
    internal IReadOnlyList<string> Established(string host) => [.. (Query(host, "bgp-peers").Query?.Rows ?? []).Where(r => r[3] == "Established").Select(r => r[0]).Order()];

    internal Task PutAsync(string method, string path, string json) => SendAsync(method, $"/apis/projectcalico.org/v3/{path}", json);

    /// <summary>A request by whole path, which must succeed.</summary>
    internal async Task SendAsync(string method, string path, string? json = null)
    {
        (int status, string body) = await HttpAsync(method, path, json);
        Assert.True(status is 200 or 201, $"{method} {path}: {status}: {body}");
    }

    /// <summary>The same, which may fail: the status, 0 when there was no answer.</summary>
    internal async Task<int> TrySendAsync(string method, string path, string? json = null) => (await HttpAsync(method, path, json)).Status;

    internal async Task<JsonElement> GetAsync(string path) => JsonDocument.Parse((await HttpAsync("GET", $"/apis/projectcalico.org/v3/{path}", null)).Body).RootElement;

    /// <summary>Routes that the host has learned.</summary>
    internal IReadOnlyList<string> Learned(string host) => [.. IpText(host, "route show proto 80").Split('\n').Select(l => l.Split(' ')[0]).Where(p => p.Contains('/', StringComparison.Ordinal)).Order()];

    /// <summary>Writes every change of the host's routes to a file from now on.</summary>
    internal string Monitor(string host) => Watch(host, "exec ip monitor route");

    /// <summary>Writes what a command in the host's namespace says to a file from now on.</summary>
    internal string Watch(string host, string command)
    {
        string file = Path.Combine(_folder, $"{host}-monitor");
        ProcessStartInfo info = new("/bin/sh") { ArgumentList = { "-c", command + " >\"$1\" 2>&1", "sh", file } };
        _processes[$"{host}-monitor"] = Namespace(host).Start(info);
        return file;
    }

    internal string Log(string name) => File.Exists(Path.Combine(_folder, name + ".log")) ? File.ReadAllText(Path.Combine(_folder, name + ".log")) : "";

    /// <summary>Where a host's agent keeps what must survive it.</summary>
    internal string StateOf(string host) => Path.Combine(_folder, host, "state");

    internal int ProcessIdOf(string name) => _processes[name].Id;

    internal string NameOf(string host) => $"{_id}-{host}";
    internal NetworkNamespace Namespace(string host) => _namespaces[_names.IndexOf(host)];
    internal void Ip(string host, string commandLine) => IpText(host, commandLine);
    internal string IpText(string host, string commandLine) => Tool.Run("ip", ["-n", NameOf(host), .. commandLine.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);

    public async ValueTask DisposeAsync()
    {
        foreach (Process process in _processes.Values)
        {
            if (!process.HasExited) process.Kill();
            await process.WaitForExitAsync();
            process.Dispose();
        }
        foreach (string name in _names) NetworkNamespace.Delete(NameOf(name));
        foreach (NetworkNamespace ns in _namespaces) ns.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private void AddNamespace(string host)
    {
        _namespaces.Add(NetworkNamespace.Create(NameOf(host)).Value);
        _names.Add(host);
    }

    private void Start(string host, string log, string[] command)
    {
        ProcessStartInfo info = new("/bin/sh") { ArgumentList = { "-c", "log=$1; shift; exec \"$@\" >>\"$log\" 2>&1", "sh", Path.Combine(_folder, log + ".log") } };
        foreach (string argument in command) info.ArgumentList.Add(argument);
        if (_processes.Remove(log, out Process? former)) former.Dispose();
        _processes[log] = Namespace(host).Start(info);
    }

    private Task<(int Status, string Body)> HttpAsync(string method, string path, string? body) => ServerRequest.SendAsync(Namespace("hub"), "192.0.2.254", method, path, body);
}
