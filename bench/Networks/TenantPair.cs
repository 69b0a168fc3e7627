using System.Diagnostics;
using System.Globalization;
using Margay.Bench.Dataplane;
using Margay.Core.Net;
using Margay.Dataplane;
using Margay.Dataplane.Drivers;
using Margay.Dataplane.Kernel;
using Margay.Dataplane.Networks;
using Margay.Netlink.Namespaces;
using Microsoft.Extensions.Logging.Abstractions;

namespace Margay.Networks.Bench;

/// <summary>
/// Two hosts joined by a pair of links, as the packet-cost referee's S6v and S6p have them, with one tenant's network between: a workload on each under the referee's policy
/// (<see cref="RefereeView"/>), N endpoints with real links on both. Each host is a process in its own namespace; they stay until standard input ends.
/// </summary>
internal static class TenantPair
{
    private const int Mtu = 1500;
    private static readonly NetworkName s_tenant = new("tenant.net");

    /// <summary>Makes both hosts, and writes the referee's prod.env.</summary>
    public static async Task HoldAsync(int endpoints, string environmentFile)
    {
        string name = $"mgytn{Environment.ProcessId}";
        string[] made = [.. new[] { "-h0", "-h1", "-w0", "-w1" }.Select(suffix => name + suffix)];
        List<Process> hosts = [];
        try
        {
            foreach (string space in made) NetworkNamespace.Create(space).Value.Dispose();
            Ip($"-n {name}-h0 link add u0 type veth peer name u0 netns {name}-h1");
            for (int h = 0; h < 2; h++)
            {
                Ip($"-n {name}-h{h} link set lo up");
                Ip($"-n {name}-h{h} address add {End(h)}/24 dev u0");
                Ip($"-n {name}-h{h} link set u0 up");
                using NetworkNamespace host = NetworkNamespace.OpenNamed($"{name}-h{h}");
                hosts.Add(host.Start(new ProcessStartInfo(Environment.ProcessPath!, ["--in-namespace", $"tenant-host{h}:{name}", endpoints.ToString(CultureInfo.InvariantCulture)])
                {
                    RedirectStandardInput = true, RedirectStandardOutput = true,
                }));
            }
            foreach (Process host in hosts) await Console.Out.WriteLineAsync(await host.StandardOutput.ReadLineAsync());
            await File.WriteAllTextAsync(environmentFile, $"CLIENT_NS={name}-w0\nSERVER_NS={name}-w1\nSERVER_ADDR={RefereeView.Address(1)}\nHOST_NS={SpaceOf(name, 0)}\nHOST2_NS={SpaceOf(name, 1)}\n");
            while (await Console.In.ReadLineAsync() is not null)
            {
            }
        }
        finally
        {
            foreach (Process host in hosts)
            {
                host.StandardInput.Close();
                await host.WaitForExitAsync();
                host.Dispose();
            }
            foreach (string space in NetworkNamespace.ListNamed().Where(n => n.StartsWith(name + "-", StringComparison.Ordinal))) NetworkNamespace.Delete(space);
        }
    }

    /// <summary>One of the hosts: index 0 or 1, and the name that everything begins with.</summary>
    public static async Task HostAsync(int index, string name, int endpoints)
    {
        TunnelEnd own = TunnelEnd.Of(End(index), Mtu), other = TunnelEnd.Of(End(1 - index), Mtu);
        DataplaneOptions options = new() { TunnelEnd = own };
        using NetlinkKernel kernel = new(options);
        using NetworkNamespace others = NetworkNamespace.CreateAnonymous();
        await using DataplaneLoop loop = new(options, kernel, _ => { }, TimeProvider.System, NullLogger.Instance);
        await using NetworkSpaces spaces = new(SpacePrefix(name, index), options, item => loop.PostAsync(item));
        loop.Start();
        // The other host's referee workload has its link there; all the rest are on both.
        int[] local = [.. Enumerable.Range(0, endpoints).Where(i => i != 1 - index)];
        foreach (int i in local)
        {
            LocalEndpoint endpoint = RefereeView.Local(i, s_tenant);
            WorkloadLinkResult made = await spaces.CreateLinkAsync(s_tenant, new WorkloadLinkSpec
            {
                EndpointId = endpoint.Id, HostInterface = endpoint.Interface, Interface = i == index ? "eth0" : endpoint.Interface, Mtu = own.InnerMtu, Mac = endpoint.Mac, Addresses = endpoint.Addresses,
                NetworkNamespace = i == index ? $"{NetworkNamespace.Directory}/{name}-w{index}" : string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{others.Handle.DangerousGetHandle()}"),
            });
            if (!made.Ok) throw new InvalidOperationException(made.Message);
            await loop.PostAsync(new EndpointAttached(endpoint));
        }
        await loop.PostAsync(new EndpointsRestored());
        await loop.PostAsync(new TunnelPeersChanged(s_tenant, new Dictionary<MacAddress, InetAddress> { [other.RouterMac] = other.Address }));
        await loop.PostAsync(new RoutesChanged([new RouteUpdate(new NetworkPrefix(s_tenant, IpPrefix.Parse(RefereeView.Address(1 - index) + "/32")), [new RouteNextHop(other.RouterMac.ToLinkLocal())])], InSync: true));
        await loop.PostAsync(new ViewChanged(RefereeView.Of(endpoints, local, s_tenant) with { Networks = [new() { Name = s_tenant.Value, Vni = 42 }] }));
        DataplaneSnapshot state = await loop.InspectAsync();
        await Console.Out.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"host {index} ready: pending {state.Pending.Count}"));
        while (await Console.In.ReadLineAsync() is not null)
        {
        }
    }

    private static InetAddress End(int host) => InetAddress.FromIPv4(0xc000_0201u + (uint)host);
    private static string SpacePrefix(string name, int host) => string.Create(CultureInfo.InvariantCulture, $"{name}-h{host}_");
    private static string SpaceOf(string name, int host) => SpacePrefix(name, host) + s_tenant;

    private static void Ip(string arguments)
    {
        using Process ip = Process.Start("ip", arguments);
        ip.WaitForExit();
        if (ip.ExitCode != 0) throw new InvalidOperationException($"ip {arguments} failed");
    }
}
