using System.Globalization;
using Margay.Dataplane;
using Margay.Dataplane.Drivers;
using Margay.Dataplane.Kernel;
using Margay.Netlink.Namespaces;
using Microsoft.Extensions.Logging.Abstractions;

namespace Margay.Bench.Dataplane;

/// <summary>
/// A host with two workloads under the referee's policy (<see cref="RefereeView"/>). The other endpoints exist in sets, maps and rules only. Stays until standard input ends.
/// </summary>
internal static class RefereeHost
{
    public static async Task HoldAsync(int endpoints, string environmentFile)
    {
        string name = $"mgydp{Environment.ProcessId}";
        using NetworkNamespace host = NetworkNamespace.Create(name).Value;
        NetworkNamespace[] workloads = [.. Enumerable.Range(0, 2).Select(i => NetworkNamespace.Create($"{name}-w{i}").Value)];
        try
        {
            host.WriteSysctl("net/ipv4/ip_forward", "1");
            await using WorkloadLinks links = new(host);
            // Routes and neighbours of real links, tables of all: the other endpoints have no link.
            using LinksOfSomeKernel kernel = new(new NetlinkKernel(new DataplaneOptions(), host), endpoints);
            await using DataplaneLoop loop = new(new DataplaneOptions(), kernel, _ => { }, TimeProvider.System, NullLogger.Instance);
            for (int i = 0; i < 2; i++)
            {
                LocalEndpoint local = RefereeView.Local(i);
                WorkloadLinkResult made = links.Create(new WorkloadLinkSpec
                {
                    EndpointId = local.Id, HostInterface = local.Interface, NetworkNamespace = $"{NetworkNamespace.Directory}/{name}-w{i}",
                    Interface = "eth0", Mac = local.Mac, Addresses = local.Addresses,
                });
                if (!made.Ok) throw new InvalidOperationException(made.Message);
            }
            for (int i = 0; i < endpoints; i++) await loop.PostAsync(new EndpointAttached(RefereeView.Local(i)));
            await loop.PostAsync(new EndpointsRestored());
            await loop.PostAsync(new ViewChanged(RefereeView.Of(endpoints, Enumerable.Range(0, endpoints))));
            loop.Start();
            DataplaneSnapshot state = await loop.InspectAsync();
            await File.WriteAllTextAsync(environmentFile, $"CLIENT_NS={name}-w0\nSERVER_NS={name}-w1\nSERVER_ADDR={RefereeView.Address(1)}\nHOST_NS={name}\n");
            await Console.Out.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"ready: {state.Counters.LongestPass.TotalMilliseconds:F0} ms, pending {state.Pending.Count}"));
            while (await Console.In.ReadLineAsync() is not null)
            {
            }
        }
        finally
        {
            foreach (NetworkNamespace workload in workloads) workload.Dispose();
            for (int i = 0; i < 2; i++) NetworkNamespace.Delete($"{name}-w{i}");
            NetworkNamespace.Delete(name);
        }
    }
}
