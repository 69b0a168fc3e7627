using System.Globalization;
using Margay.Core.Net;
using Margay.Netlink.Namespaces;
using Margay.Netlink.Route;

namespace Margay.Networks.Bench;

/// <summary>What the kernel takes for the links alone: a namespace with a VXLAN link made straight into it and the workloads' pairs, over sockets that are kept. No filter, no routes.</summary>
internal static class HostingFloor
{
    internal static async Task RunAsync(int networks)
    {
        using Workloads workloads = new(networks);
        using RouteSocket host = RouteSocket.Open();
        HostUsage before = HostUsage.Now();
        List<double> network = [], links = [];
        List<NetworkNamespace> made = [];
        for (int n = 0; n < networks; n++)
        {
            long begun = TimeProvider.System.GetTimestamp();
            NetworkNamespace space = NetworkNamespace.CreateAnonymous();
            host.CreateLink(new VxlanSpec { Name = "vxlan", Vni = (uint)(10_000 + n), Local = HostingProduct.OwnEnd.Address, Namespace = space, Up = true }).ThrowIfFailed("make the tunnel");
            network.Add(TimeProvider.System.GetElapsedTime(begun).TotalMilliseconds);
            begun = TimeProvider.System.GetTimestamp();
            using RouteSocket inside = RouteSocket.OpenIn(space);
            for (int w = 0; w < Workloads.PerNetwork; w++)
            {
                inside.CreateLink(new VethSpec
                {
                    Name = Workloads.HostInterface(n, w), Mac = MacAddress.Gateway, Up = true, PeerName = Workloads.Interface(w), PeerNamespace = workloads.Of(n),
                }).ThrowIfFailed("make a pair");
            }
            links.Add(TimeProvider.System.GetElapsedTime(begun).TotalMilliseconds);
            made.Add(space);
        }
        HostUsage after = HostUsage.Now();
        Figures.Row("links alone", network, links, before, after);
        long removed = TimeProvider.System.GetTimestamp();
        foreach (NetworkNamespace space in made) space.Dispose();
        double ours = TimeProvider.System.GetElapsedTime(removed).TotalMilliseconds;
        await Figures.WaitUntilAsync(() => workloads.Links() == 0);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"removal, links alone: let go in {ours:0} ms, links gone after {TimeProvider.System.GetElapsedTime(removed).TotalMilliseconds:0} ms"));
    }
}
