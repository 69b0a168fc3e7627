using Margay.Lab.Topologies;

namespace Margay.Interop.Lab;

/// <summary>
/// `examples/networks` over an underlay without any IPv4: tunnel ends, guard, leaks, way out and floating address by IPv6, for tenants that have both families. (FRR 8.4 has no IPv6 tunnel ends: no router of another make
/// takes part.)
/// </summary>
public class TenantsOverIPv6Tests(TenantsOverIPv6Tests.Fixture tenants) : IClassFixture<TenantsOverIPv6Tests.Fixture>
{
    [Fact]
    public async Task Matrix_IsAsExpected()
    {
        Topology topology = tenants.Lab.Topology;
        TransportPort[] ports = [TransportPort.Icmp, new(Transport.Tcp, 80)];
        await tenants.AssertMatrixAsync(topology with
        {
            // What is outside is reached by IPv6 only, since there is no IPv4: but by the workload that has the floating address itself.
            Expectations =
            [
                .. topology.Expectations,
                new() { From = ["red/web2", "red/db*", "green/*", "ops/*", "host*", "world", "server"], To = ["*/*@floating", "ops/*"], Ports = ports, Ipv6 = false, Allow = false },
                new() { From = ["red/web1"], To = ["ops/*"], Ports = ports, Ipv6 = false, Allow = false },
            ],
        }, TimeSpan.FromSeconds(60));
    }

    public sealed class Fixture() : ExampleLab("networks", WithoutIPv4);

    private static Topology WithoutIPv4(Topology topology) => topology with
    {
        Racks = [.. topology.Racks.Select(r => r with { Subnets = [.. r.Subnets.Where(s => s.IsIPv6)] })],
        Cables = [.. topology.Cables.Select(c => c with { Subnets = [.. c.Subnets.Where(s => s.IsIPv6)] })],
        Server = topology.Server! with { Subnets = [.. topology.Server.Subnets.Where(s => s.IsIPv6)] },
        Hosts = [.. topology.Hosts.Select(h => h with { Addresses = [.. h.Addresses.Where(a => a.IsIPv6)] })],
    };
}
