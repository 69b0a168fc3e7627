using System.Globalization;
using Margay.Core.Net;
using Margay.Netlink.Namespaces;
using Margay.Netlink.Route;

namespace Margay.Networks.Bench;

/// <summary>The other side of workload links: a namespace for each network, in which the links of all its workloads end. Made beforehand, so that it is in no figure.</summary>
internal sealed class Workloads : IDisposable
{
    internal const int PerNetwork = 10;

    private readonly NetworkNamespace[] _spaces;

    internal Workloads(int networks) => _spaces = [.. Enumerable.Range(0, networks).Select(_ => NetworkNamespace.CreateAnonymous())];

    internal NetworkNamespace Of(int network) => _spaces[network];

    internal string PathOf(int network) => string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{_spaces[network].Handle.DangerousGetHandle()}");

    internal static string HostInterface(int network, int workload) => string.Create(CultureInfo.InvariantCulture, $"mg{network}x{workload}");

    internal static string Interface(int workload) => string.Create(CultureInfo.InvariantCulture, $"eth{workload}");

    /// <summary>The same in every network.</summary>
    internal static InetAddress Address(int workload) => InetAddress.FromIPv4(0x0a00_0002u + (uint)workload);

    /// <summary>Links in these namespaces but for the loopback: while a pair's other end is there, so is this one.</summary>
    internal int Links() => _spaces.Sum(s =>
    {
        using RouteSocket socket = RouteSocket.OpenIn(s);
        return socket.ListLinks().Value.Count - 1;
    });

    public void Dispose()
    {
        foreach (NetworkNamespace space in _spaces) space.Dispose();
    }
}
