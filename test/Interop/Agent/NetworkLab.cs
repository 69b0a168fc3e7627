using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Margay.Api.Attach;
using Margay.Api.Client;
using Margay.Interop.Dataplane;
using Margay.Interop.Netlink;
using Margay.Netlink.Namespaces;

namespace Margay.Interop.Agent;

/// <summary>A workload of a tenant: an address of each family.</summary>
internal sealed record Tenant(string Name, string Host, string Network, string V4, string V6)
{
    internal IReadOnlyList<string> Addresses => [V4, V6];
}

/// <summary>
/// A <see cref="Cluster"/> of two hosts, n1 and n2, whose workloads are in virtual networks; n9 reflects. Networks red/net and green/net have the same subnets, blue/net another.
/// What was made is removed at the end, whatever happened.
/// </summary>
internal sealed partial class NetworkLab : IAsyncDisposable
{
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    internal const string Networks = "/apis/margay.dev/v1/namespaces";

    private readonly ConcurrentDictionary<string, string> _workloads = [];
    private string[] _flags = [];

    internal Cluster Cluster { get; } = new();

    /// <param name="policy">A policy that allows everything everywhere.</param>
    /// <param name="flags">More for each agent.</param>
    internal static async Task<NetworkLab> StartAsync(bool policy = true, params string[] flags)
    {
        NetworkLab lab = new() { _flags = flags };
        try
        {
            Cluster cluster = lab.Cluster;
            await cluster.StartServerAsync();
            await cluster.PutAsync("POST", "bgpconfigurations", """{"metadata":{"name":"default"},"spec":{"nodeToNodeMeshEnabled":false}}""");
            await cluster.PutAsync("POST", "nodes", """{"metadata":{"name":"n9","labels":{"reflector":"yes"}},"spec":{"bgp":{"routeReflectorClusterID":"1.1.1.1"}}}""");
            await cluster.PutAsync("POST", "bgppeers", """{"metadata":{"name":"rr"},"spec":{"nodeSelector":"all()","peerSelector":"has(reflector)"}}""");
            if (policy) await cluster.PutAsync("POST", "globalnetworkpolicies", """{"metadata":{"name":"allow"},"spec":{"types":["Ingress","Egress"],"ingress":[{"action":"Allow"}],"egress":[{"action":"Allow"}]}}""");
            await lab.AddNetworkAsync("red", "10.0.0.0/24", "fd00::/112");
            await lab.AddNetworkAsync("green", "10.0.0.0/24", "fd00::/112");
            await lab.AddNetworkAsync("blue", "10.1.0.0/24", "fd01::/112");
            foreach (int host in (int[])[9, 1, 2]) cluster.StartHost(host, lab.Flags(host));
            foreach (string host in (string[])["n9", "n1", "n2"]) await lab.IsReadyAsync(host);
            await Eventually.Async(() => Task.FromResult(cluster.Established("n9").Count == 2), Patience);
            return lab;
        }
        catch
        {
            await lab.DisposeAsync();
            throw;
        }
    }

    internal async Task AddNetworkAsync(string tenant, string v4, string v6)
    {
        await Cluster.SendAsync("POST", "/api/v1/namespaces", $$$"""{"metadata":{"name":"{{{tenant}}}"}}""");
        await Cluster.SendAsync("POST", $"{Networks}/{tenant}/virtualnetworks", $$$"""{"metadata":{"name":"net"},"spec":{"subnets":[{"cidr":"{{{v4}}}","blockSize":28},{"cidr":"{{{v6}}}","blockSize":124}]}}""");
    }

    /// <summary>Changes the spec of a tenant's network.</summary>
    internal Task PatchNetworkAsync(string tenant, string spec) => Cluster.SendAsync("PATCH", $"{Networks}/{tenant}/virtualnetworks/net", $$$"""{"spec":{{{spec}}}}""");

    /// <summary>SIGKILL; and a new one, when it is to come.</summary>
    internal void KillAgent(string host) => Cluster.Kill(host);

    internal async Task RestartAgentAsync(string host)
    {
        StartAgent(host);
        await IsReadyAsync(host);
    }

    /// <summary>A new one after <see cref="KillAgent"/>, which is not waited for.</summary>
    internal void StartAgent(string host)
    {
        int n = host[1] - '0';
        Cluster.Restart(n, Flags(n));
    }

    /// <summary>Attaches a workload to the tenant's network, or to the default one; its label app is its name unless given.</summary>
    internal async Task<Tenant> AttachAsync(string host, string name, string tenant, string? app = null)
    {
        AddSpace(host, name);
        JsonElement result = await CniAsync("ADD", host, name, tenant, app);
        Assert.True(result.TryGetProperty("ips", out JsonElement ips), $"{result}\n{Cluster.Log(host)}");
        string[] addresses = [.. ips.EnumerateArray().Select(i => i.GetProperty("address").GetString()!.Split('/')[0])];
        return new Tenant(name, host, tenant, addresses.Single(a => a.Contains('.', StringComparison.Ordinal)), addresses.SingleOrDefault(a => a.Contains(':', StringComparison.Ordinal)) ?? "");
    }

    /// <summary>A network for each of so many tenants t0, t1, …, all with the same subnets, and a workload of each on a host.</summary>
    internal async Task AttachTenantsAsync(string host, int count)
    {
        AgentClient agent = new(Cluster.SocketOf(host), Patience);
        for (int i = 0; i < count; i++)
        {
            string tenant = string.Create(CultureInfo.InvariantCulture, $"t{i}"), space = AddSpace(host, tenant);
            await AddNetworkAsync(tenant, "10.0.0.0/24", "fd00::/112");
            AgentReply reply = agent.Ask(new AgentRequest
            {
                Attach = new AttachRequest { ContainerId = tenant, Interface = "eth0", NetworkNamespace = $"{NetworkNamespace.Directory}/{space}", Namespace = tenant, Network = "net" },
            });
            Assert.True(reply.Attach is not null, $"{reply.Error?.Message}\n{Cluster.Log(host)}");
        }
    }

    /// <summary>A namespace for a workload of this name, which is asked to be attached by <see cref="Ask"/>.</summary>
    internal string AddSpace(string host, string name)
    {
        string space = $"{Cluster.NameOf(host)}-w-{name}";
        NetworkNamespace.Create(space).Value.Dispose();
        _workloads[name] = space;
        return space;
    }

    /// <summary>What an agent answers, whether or not it is there.</summary>
    internal AgentReply Ask(string host, AgentRequest request) => new AgentClient(Cluster.SocketOf(host), Patience).Ask(request);

    internal Task DetachAsync(Tenant workload) => CniAsync("DEL", workload.Host, workload.Name, workload.Network);

    /// <summary>The networks that have a namespace on a host.</summary>
    internal IReadOnlyList<string> NetworksOn(string host) => [.. NamesOn(host).Select(n => n[(Prefix(host).Length + 1)..])];

    internal string SpaceOf(string host, string network) => $"{Prefix(host)}-{network}";

    internal string SpaceOf(Tenant workload) => _workloads[workload.Name];

    internal NetworkNamespace Inside(Tenant workload) => NetworkNamespace.OpenNamed(_workloads[workload.Name]);

    internal bool Ping(Tenant from, string address) => TryRun("ip", "netns", "exec", _workloads[from.Name], "busybox", "ping", "-c", "1", "-W", "1", address);

    internal Task CanPingAsync(Tenant from, string address) => Eventually.Async(() => Task.FromResult(Ping(from, address)), Patience);

    /// <summary>Of the network's tunnel on a host, which is awaited.</summary>
    internal async Task<uint> VniAsync(string host, string network)
    {
        uint vni = 0;
        await Eventually.Async(() => Task.FromResult(uint.TryParse(VniOf().Match(Tool.Run("ip", "-n", SpaceOf(host, network), "-d", "link", "show")).Groups[1].ValueSpan, out vni)), Patience);
        return vni;
    }

    [GeneratedRegex("vxlan id (\\d+)")]
    private static partial Regex VniOf();

    /// <summary>What the operator's tool prints on a host, whatever its exit status.</summary>
    internal string Margay(string host, params string[] arguments) => Run("ip",
        ["netns", "exec", Cluster.NameOf(host), NativePrograms.PathOf("margay"), "--server", "http://192.0.2.254:7443", "--agent-socket", Cluster.SocketOf(host), .. arguments]).Output;

    /// <summary>All that the kernel has for a host and its networks, but for what counts or ages.</summary>
    internal string StateOf(string host) => string.Join('\n', ((string[])[Cluster.NameOf(host), .. NamesOn(host)]).Select(StateOfSpace));

    /// <summary>The same of one network there.</summary>
    internal string StateOfNetwork(string host, string network) => StateOfSpace(SpaceOf(host, network));

    private static string StateOfSpace(string space) => string.Join('\n', (string[])
    [
        $"== {space}",
        Tool.Run("ip", "-n", space, "-d", "link", "show"),
        Tool.Run("ip", "-n", space, "address", "show"),
        Tool.Run("ip", "-n", space, "-4", "route", "show", "table", "all"),
        Tool.Run("ip", "-n", space, "-6", "route", "show", "table", "all"),
        Tool.Run("ip", "-n", space, "nexthop", "show"),
        Tool.Run("ip", "-n", space, "neigh", "show", "nud", "permanent"),
        Tool.Run("bridge", "-n", space, "fdb", "show"),
        Listing.Settled(Tool.Run("ip", "netns", "exec", space, "nft", "-s", "list", "ruleset")),
    ]);

    public async ValueTask DisposeAsync()
    {
        string[] networks = [.. ((string[])["n1", "n2", "n9"]).SelectMany(NamesOn)];
        await Cluster.DisposeAsync();
        foreach (string name in networks.Concat(_workloads.Values)) NetworkNamespace.Delete(name);
    }

    private string[] Flags(int host) => ["--network-prefix", Prefix($"n{host}"), "--metrics-listen", "none", "--ip6", "none", .. _flags];

    // The lab's own name is in it: other labs run beside.
    private string Prefix(string host) => $"{Cluster.NameOf(host)}-net";

    private IEnumerable<string> NamesOn(string host) => NetworkNamespace.ListNamed().Where(n => n.StartsWith($"{Prefix(host)}-", StringComparison.Ordinal)).Order(StringComparer.Ordinal);

    internal Task IsReadyAsync(string host) => Eventually.Async(() => Task.FromResult(StatusOf(host, "compared with server") == "yes" && StatusOf(host, "in sync") == "yes"), Patience);

    private string StatusOf(string host, string name) => Cluster.Query(host, "status").Query?.Rows?.FirstOrDefault(r => r[0] == name)?[1] ?? "";

    private async Task<JsonElement> CniAsync(string command, string host, string container, string tenant, string? app = null)
    {
        ProcessStartInfo info = new(NativePrograms.PathOf("margay-cni")) { RedirectStandardInput = true, RedirectStandardOutput = true };
        info.Environment["CNI_COMMAND"] = command;
        info.Environment["CNI_CONTAINERID"] = container;
        info.Environment["CNI_NETNS"] = $"{NetworkNamespace.Directory}/{_workloads[container]}";
        info.Environment["CNI_IFNAME"] = "eth0";
        info.Environment["CNI_PATH"] = NativePrograms.Folder;
        using Process process = Process.Start(info)!;
        await process.StandardInput.WriteAsync($$"""{"cniVersion":"1.0.0","name":"n","type":"margay-cni","agentSocket":"{{Cluster.SocketOf(host)}}","network":"{{(tenant == "default" ? "default" : "net")}}","namespace":"{{tenant}}","labels":{"app":"{{app ?? container}}"} }""");
        process.StandardInput.Close();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return output.Length == 0 ? default : JsonDocument.Parse(output).RootElement;
    }

    internal static bool TryRun(string program, params string[] arguments) => Run(program, arguments).Exit == 0;

    private static (int Exit, string Output) Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output);
    }
}
