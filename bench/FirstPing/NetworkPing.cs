using System.Diagnostics;
using System.Globalization;
using Margay.Api.Attach;
using Margay.Api.Resources;
using Margay.Netlink.Namespaces;

namespace Margay.FirstPing.Bench;

/// <summary>
/// From the moment a virtual network is asked for until a workload of it in one rack has the first echo reply from one in the other: object made, two workloads attached at once, on hosts that had
/// nothing of this network, routes and tunnel ends told by BGP between the hosts. Every network has the same addresses.
/// </summary>
internal static class NetworkPing
{
    private const string Here = "host1", There = "host3";

    public static async Task RunAsync(DemoLab lab, int count)
    {
        await lab.MeshAsync();
        List<double> created = [], attached = [], answered = [];
        // The first waits for the mesh's sessions.
        for (int i = -1; i < count; i++)
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"net{i + 1}");
            long start = Stopwatch.GetTimestamp();
            await lab.CreateAsync(new VirtualNetwork { Metadata = new ObjectMeta { Name = name, Namespace = "media" }, Spec = new VirtualNetworkSpec { Subnets = [new NetworkSubnet { Cidr = "10.0.0.0/16" }] } });
            double made = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            Task<AttachReply> there = Task.Run(() => lab.Attach(There, $"{name}b", name));
            await Task.Run(() => lab.Attach(Here, $"{name}a", name));
            AttachReply target = await there;
            double linked = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            using NetworkNamespace space = NetworkNamespace.OpenNamed(DemoLab.SpaceOf($"{name}a"));
            using EchoProbe probe = space.Run(() => new EchoProbe());
            probe.Reach(DemoLab.V4(target));
            if (i < 0) continue;
            created.Add(made);
            attached.Add(linked);
            answered.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }
        Quantiles.Head(string.Create(CultureInfo.InvariantCulture, $"{count} networks, ms since the request"));
        Quantiles.Row("network made", created);
        Quantiles.Row("workloads attached on both hosts", attached);
        Quantiles.Row("first reply in the other rack", answered);
        Quantiles.Row("of it, after the attaches", [.. answered.Zip(attached, (a, b) => a - b)]);
    }
}
