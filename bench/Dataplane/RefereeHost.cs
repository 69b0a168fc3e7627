using System.Globalization;
using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.Core.Net;
using Margay.Dataplane;
using Margay.Dataplane.Drivers;
using Margay.Dataplane.Kernel;
using Margay.Netlink.Namespaces;
using Microsoft.Extensions.Logging.Abstractions;

namespace Margay.Bench.Dataplane;

/// <summary>
/// A host with two workloads under the referee's policy: 10 of N/10 policies of 10 rules in each direction, of which only the last rule of the last policy matches. The other
/// endpoints exist in sets, maps and rules only. Stays until standard input ends.
/// </summary>
internal static class RefereeHost
{
    private const int PerEndpoint = 10, RulesPerPolicy = 10, Sets = 50, MembersPerSet = 100;

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
                LocalEndpoint local = Local(i);
                WorkloadLinkResult made = links.Create(new WorkloadLinkSpec
                {
                    EndpointId = local.Id, HostInterface = local.Interface, NetworkNamespace = $"{NetworkNamespace.Directory}/{name}-w{i}",
                    Interface = "eth0", Mac = local.Mac, Addresses = local.Addresses,
                });
                if (!made.Ok) throw new InvalidOperationException(made.Message);
            }
            for (int i = 0; i < endpoints; i++) await loop.PostAsync(new EndpointAttached(Local(i)));
            await loop.PostAsync(new EndpointsRestored());
            await loop.PostAsync(new ViewChanged(View(endpoints)));
            loop.Start();
            DataplaneSnapshot state = await loop.InspectAsync();
            await File.WriteAllTextAsync(environmentFile, $"CLIENT_NS={name}-w0\nSERVER_NS={name}-w1\nSERVER_ADDR={Address(1)}\nHOST_NS={name}\n");
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

    private static string Interface(int i) => string.Create(CultureInfo.InvariantCulture, $"mg{i:x11}");
    private static string Address(int i) => string.Create(CultureInfo.InvariantCulture, $"10.65.{i / 250}.{i % 250 + 1}");

    private static LocalEndpoint Local(int i) => new()
    {
        Id = $"default/bench/{Interface(i)}", Interface = Interface(i), Mac = new MacAddress(0x020000000000UL + (ulong)i), Addresses = [InetAddress.Parse(Address(i))],
    };

    private static ViewDelta View(int endpoints)
    {
        int pool = Math.Max(PerEndpoint, endpoints / 10);
        return new ViewDelta
        {
            Epoch = "bench", Revision = 1, Snapshot = true,
            IpSets =
            [
                .. Enumerable.Range(0, Sets).Select(s => new IpSetView { Id = SetName(s), Members = [.. Enumerable.Range(0, MembersPerSet).Select(m => string.Create(CultureInfo.InvariantCulture, $"10.{100 + s}.{m / 250}.{m % 250 + 1}/32"))] }),
                new IpSetView { Id = "allow", Members = [.. Enumerable.Range(0, endpoints).Select(i => Address(i) + "/32")] },
            ],
            Policies = [.. Enumerable.Range(0, pool).Select(Policy)],
            Endpoints = [.. Enumerable.Range(0, endpoints).Select(i => Endpoint(i, pool))],
        };
    }

    private static string SetName(int s) => string.Create(CultureInfo.InvariantCulture, $"s{s}");
    private static string PolicyName(int p) => string.Create(CultureInfo.InvariantCulture, $"GlobalNetworkPolicy/p{p}");

    private static PolicyView Policy(int p) => new() { Id = PolicyName(p), Tier = "default", Ingress = [.. Rules(p, ingress: true)], Egress = [.. Rules(p, ingress: false)] };

    private static IEnumerable<RuleView> Rules(int p, bool ingress)
    {
        for (int r = 0; r < RulesPerPolicy; r++)
        {
            if (p == 0 && r == RulesPerPolicy - 1) continue;
            yield return Rule(r, (p + r) % 2 == 0 ? Protocol.Tcp : Protocol.Udp, SetName((p * RulesPerPolicy + r) % Sets), ingress,
                [new PortRange((ushort)(8000 + p % 1000), (ushort)(8000 + p % 1000)), new PortRange((ushort)(9000 + r), (ushort)(9000 + r))]);
        }
        if (p != 0) yield break;
        yield return Rule(RulesPerPolicy - 1, Protocol.Tcp, "allow", ingress, [new PortRange(5000, 5100)]);
        yield return Rule(RulesPerPolicy, Protocol.Udp, "allow", ingress, [new PortRange(5000, 5100)]);
    }

    private static RuleView Rule(int index, byte protocol, string set, bool ingress, PortRange[] ports) => new()
    {
        Action = RuleAction.Allow, Index = index, Protocol = protocol,
        Source = ingress ? new SideView { Sets = [set] } : null,
        Destination = ingress ? new SideView { Ports = ports } : new SideView { Sets = [set], Ports = ports },
    };

    private static EndpointView Endpoint(int i, int pool)
    {
        string[] names = [.. Enumerable.Range(0, PerEndpoint - 1).Select(j => 1 + (i * 7 + j) % (pool - 1)).Distinct().Append(0).Select(PolicyName)];
        return new EndpointView
        {
            Id = $"default/bench/{Interface(i)}", Revision = 1, Interface = Interface(i),
            Tiers = [new EndpointTier { Name = "default", IngressPolicies = names, EgressPolicies = names }],
        };
    }
}
