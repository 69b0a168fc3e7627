using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Margay.Api.Attach;
using Margay.Api.Client;
using Margay.Api.Resources;
using Margay.Core.Net;
using Margay.Lab.State;
using Margay.Netlink.Namespaces;

namespace Margay.FirstPing.Bench;

/// <summary>The demo lab with the native programs: real switches, policy in place, four hosts. What is attached here is detached at the end, and the lab taken down.</summary>
internal sealed class DemoLab : IDisposable
{
    private const string Name = "demo";
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly string _margay;
    private readonly List<(string Host, string Container)> _attached = [];
    private readonly NetworkNamespace _serverSpace;
    private readonly MargayClient _server;

    /// <param name="margay">Path of the command line program, the others beside it.</param>
    /// <exception cref="InvalidOperationException">The lab did not come up.</exception>
    public DemoLab(string margay)
    {
        _margay = margay;
        Run("lab", "down", Name, "--if-exists");
        // The whole matrix first: BGP has converged and neighbours are known, so that what is measured is new workloads only.
        if (Run("lab", "up", "examples/demo/topology.yaml", "--programs", Path.GetDirectoryName(margay)!) != 0 || Run("lab", "check", Name, "--wait", "30") != 0)
        {
            Run("lab", "down", Name, "--if-exists");
            throw new InvalidOperationException($"the lab did not come up: see 'margay lab logs {Name}'");
        }
        _serverSpace = NetworkNamespace.OpenNamed(Paths.NamespaceOf("server"));
        _server = new MargayClient(new ClientOptions { Server = new Uri("http://10.0.0.1:7443"), TokenFile = Paths.TokenFile }, handler: new SocketsHttpHandler
        {
            ConnectCallback = async (context, cancel) =>
            {
                Socket socket = _serverSpace.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true });
                await socket.ConnectAsync(context.DnsEndPoint, cancel);
                return new NetworkStream(socket, ownsSocket: true);
            },
        });
    }

    public LabPaths Paths { get; } = new(LabPaths.DefaultRoot, Name);

    /// <summary>Makes an object on the server.</summary>
    public async Task CreateAsync<T>(T resource)
        where T : Resource
    {
        ApiResult<T> created = await _server.CreateAsync(resource);
        if (!created.IsOk) throw new InvalidOperationException($"{resource.Name}: {created.Error}");
    }

    /// <summary>Sessions between all hosts, which EVPN goes by; the switches have the underlay alone.</summary>
    public async Task MeshAsync()
    {
        ApiResult<BGPConfiguration> patched = await _server.PatchAsync<BGPConfiguration>(null, "default", Encoding.UTF8.GetBytes("""{"spec":{"nodeToNodeMeshEnabled":true}}"""), MediaType.MergePatch);
        if (!patched.IsOk) throw new InvalidOperationException(patched.Error!.Message);
    }

    /// <summary>Makes a namespace for a new workload and attaches it.</summary>
    public AttachReply Attach(string host, string name, string? network = null)
    {
        string container = SpaceOf(name);
        NetworkNamespace.Create(container).Value.Dispose();
        lock (_attached) _attached.Add((host, container));
        AgentReply reply = AgentOf(host).Ask(new AgentRequest
        {
            Attach = new AttachRequest
            {
                ContainerId = container, Interface = "eth0", NetworkNamespace = $"{NetworkNamespace.Directory}/{container}", Namespace = "media", Profiles = ["media"], Network = network,
            },
        });
        return reply.Attach ?? throw new InvalidOperationException($"{name} on {host} refused: {reply.Error?.Message}; see 'margay lab logs {host}'");
    }

    public static string SpaceOf(string name) => $"mgy-bench-{name}";

    public static InetAddress V4(AttachReply endpoint) => endpoint.Addresses.Select(a => IpPrefix.Parse(a).Address).First(a => a.IsIPv4);

    private AgentClient AgentOf(string host) => new(Path.Combine(Paths.Run(host), "agent.sock"), s_patience);

    private int Run(params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(_margay, arguments) { RedirectStandardOutput = true })!;
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode;
    }

    public void Dispose()
    {
        foreach ((string host, string container) in _attached)
        {
            AgentOf(host).Ask(new AgentRequest { Detach = new DetachRequest { ContainerId = container, Interface = "eth0" } });
            NetworkNamespace.Delete(container);
        }
        _server.Dispose();
        _serverSpace.Dispose();
        Run("lab", "down", Name, "--if-exists");
    }
}
