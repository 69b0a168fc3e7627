using Margay.Core.Net;
using Margay.Lab.State;
using Margay.Lab.Topologies;
using Margay.Netlink.Namespaces;
using Margay.Netlink.NfTables;
using Margay.Netlink.NfTables.Expressions;

namespace Margay.Lab.Building;

/// <summary>
/// Lets ports of a host lead to workloads on it, by destination NAT in a table of the lab's own: what kube-proxy does for a NodePort and container runtimes for a published port.
/// </summary>
internal static class PublishedPorts
{
    private static readonly NftTable Table = new(NftFamily.Inet, "lab");

    /// <param name="attachments">Of the host's workloads at least.</param>
    internal static void Build(LabPaths paths, Host host, IReadOnlyList<LabAttachment> attachments)
    {
        if (host.Published.Count == 0) return;
        NftChain chain = new(Table, "published") { Hook = new NftHook(NftHookPoint.Prerouting, -100, NftHook.Nat) };
        using NfTablesBatch batch = new();
        batch.Add(Table);
        batch.Add(chain);
        foreach (PublishedPort published in host.Published)
        {
            LabAttachment attachment = attachments.First(a => a.Workload == published.Workload);
            foreach (InetAddress target in attachment.Addresses.Select(a => InetAddress.Parse(a.Split('/')[0])))
                foreach (InetAddress address in host.Addresses.Where(a => a.IsIPv6 == target.IsIPv6)) batch.Add(new NftRule(chain, Rule(published, address, target)));
        }
        using NetworkNamespace space = NetworkNamespace.OpenNamed(paths.NamespaceOf(host.Name));
        using NfTablesSocket socket = NfTablesSocket.OpenIn(space);
        socket.Commit(batch).ThrowIfFailed($"publish ports of {host.Name}");
    }

    private static NftExpression[] Rule(PublishedPort published, InetAddress address, InetAddress target) =>
    [
        .. NftMatch.Daddr(IpPrefix.Host(address)),
        .. published.Port.Transport == Transport.Tcp ? NftMatch.TcpDport((ushort)published.Port.Number) : NftMatch.UdpDport((ushort)published.Port.Number),
        NftImmediate.Load(NftValue.From(target)),
        NftImmediate.Load(NftValue.Port((ushort)published.Number), NftRegister.R2),
        new NftNat(NftNatKind.Destination, target.IsIPv6 ? NftFamily.Ip6 : NftFamily.Ip, NftRegister.R1, PortMin: NftRegister.R2, Flags: NftNatFlags.PortsSpecified),
    ];
}
