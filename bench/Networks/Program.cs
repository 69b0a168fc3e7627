using System.Diagnostics;
using System.Globalization;
using Margay.Netlink.Namespaces;
using Margay.Networks.Bench;

// Virtual networks by the hundred on one host, each figure beside its floor in the same run: raw netlink that makes what the kernel has to have in any case.
//
//   (no argument)              everything
//   tenants N FILE             two hosts with a tenant between them, N endpoints on each, for the packet-cost referee, until standard input ends
//   hosting N                  N networks with ten endpoints each: floor, then margay; and up to 200 that a booted host has to have again
//   cluster N                  10 networks on this host, of 10 and of N (10,000) in the cluster
//   routes                     100 networks with 100,000 routes in all from a reflector, and the death of a host
//
// Each part runs as a process of its own in a network namespace of its own, so that none inherits what another left.

if (args is ["tenants", string endpoints, string file])
{
    await TenantPair.HoldAsync(int.Parse(endpoints, CultureInfo.InvariantCulture), file);
    return 0;
}

const string InChild = "--in-namespace";
if (args is [InChild, string part, string size])
{
    int n = int.Parse(size, CultureInfo.InvariantCulture);
    switch (part)
    {
        case "hosting-floor":
            await HostingFloor.RunAsync(n);
            break;
        case "hosting-margay":
            await using (HostingProduct product = new(n)) await product.RunAsync();
            break;
        case "hosting-restore":
            await using (HostingProduct product = new(n)) await product.RestoreAsync();
            break;
        case "routes-floor":
            RoutesFloor.Run();
            break;
        case "routes-margay":
            await using (RoutesProduct product = new()) await product.RunAsync();
            break;
        case "cluster-graph":
            ClusterGraph.Run(n);
            break;
        case "cluster-host":
            await using (ClusterHost host = new(n)) await host.RunAsync();
            break;
        case "cluster-fabric":
            await ClusterFabric.RunAsync(n);
            break;
        case "reflector":
            await FabricReflector.RunAsync();
            break;
        case ['t', 'e', 'n', 'a', 'n', 't', '-', 'h', 'o', 's', 't', char index, ':', .. string name]:
            await TenantPair.HostAsync(index - '0', name, n);
            break;
        default: throw new ArgumentException($"no part is called {part}");
    }
    return 0;
}

int status = 0, networks = args is [_, string given] ? int.Parse(given, CultureInfo.InvariantCulture) : 1000;
if (args is [] or ["hosting", ..])
{
    Figures.Head(networks);
    status |= Child("hosting-floor", networks) | Child("hosting-margay", networks);
    Console.WriteLine("\n| a host that has booted | ready after, ms | CPU of the process, ms |\n|---|---|---|");
    status |= Child("hosting-restore", Math.Min(networks, 200));
}
if (args is [] or ["routes", ..])
{
    Console.WriteLine($"\n| {FabricRoutes.Networks * FabricRoutes.PerNetwork} routes in {FabricRoutes.Networks} networks | in the kernel, ms | CPU of the process, ms |\n|---|---|---|");
    status |= Child("routes-floor", 0) | Child("routes-margay", 0);
}
if (args is [] or ["cluster", ..])
{
    int all = args is ["cluster", _] ? networks : 10_000;
    foreach (string side in (string[])["cluster-graph", "cluster-host"])
    {
        StringWriter few = new(), many = new();
        status |= Child(side, ClusterNetworks.Own, few) | Child(side, all, many);
        ClusterFigures.Table(ClusterNetworks.Own, few.ToString(), all, many.ToString());
    }
}
return status;

static int Child(string part, int n, StringWriter? said = null)
{
    using NetworkNamespace host = NetworkNamespace.CreateAnonymous();
    // A network with other hosts on it, which the tunnels' ends are looked for in; the reflector is on this one.
    foreach (string command in (string[])
        ["link set lo up", "link add up0 type veth peer name up1", "link set up1 up", "link set up0 up", "address add 192.0.2.1/24 dev up0", "address add 192.0.2.250/32 dev lo", "address add 192.0.2.251/32 dev lo"])
    {
        using Process ip = host.Start(new ProcessStartInfo("ip", command));
        ip.WaitForExit();
    }
    using Process child = host.Start(new ProcessStartInfo(Environment.ProcessPath!, [InChild, part, n.ToString(CultureInfo.InvariantCulture)]) { RedirectStandardOutput = said is not null });
    said?.Write(child.StandardOutput.ReadToEnd());
    child.WaitForExit();
    return child.ExitCode;
}
