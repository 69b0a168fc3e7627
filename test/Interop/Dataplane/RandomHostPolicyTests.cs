using CsCheck;
using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.Core.Net;
using Margay.Policy;

namespace Margay.Interop.Dataplane;

/// <summary>Whatever the policies of a host endpoint at all its places: the kernel does with a packet what the engine says of its journey.</summary>
public class RandomHostPolicyTests
{
    private const int Iterations = 15;

    private static readonly Place Host = new Place.Host(), Outside = new Place.Outside("eth0"), Web = new Place.Workload("default/blue/web");

    /// <summary>From where to where, and the addresses of both.</summary>
    private static readonly (Place From, Place To, string Source, string Destination)[] Journeys =
    [
        (Outside, Host, "192.0.2.7", "192.0.2.1"), (Outside, Host, "198.51.100.9", "192.0.2.1"), (Outside, Host, "fd00:65::2", "2001:db8::1"), (Outside, Web, "192.0.2.7", "10.65.0.1"),
        (Outside, Web, "2001:db8::50", "fd00:65::1"), (Host, Outside, "192.0.2.1", "192.0.2.7"), (Host, Outside, "2001:db8::1", "2001:db8::50"), (Web, Outside, "10.65.0.1", "192.0.2.9"),
        (Web, Outside, "fd00:65::1", "2001:db8::50"), (Host, Web, "192.0.2.1", "10.65.0.1"),
    ];

    [Fact]
    public async Task Kernel_DoesWhatTheEngineSays()
    {
        await using PacketWorld world = await PacketWorld.StartAsync();
        await Gen.Select(RandomRules.Policies, Gen.Int[0, 31], Gen.Bool).SampleAsync(async (policies, places, named) =>
        {
            HostEndpointView host = new()
            {
                Name = "h", Revision = 1, Interface = named ? "eth0" : "*", Profiles = (places & 16) != 0 ? [Rules.AllowAllProfile.Name] : [],
                UntrackedTiers = (places & 1) != 0 ? [Tier("first", false, policies[0])] : [],
                PreDnatTiers = (places & 2) != 0 ? [Tier("first", false, policies[1])] : [],
                Tiers = [Tier("first", true, policies[^1]), .. (places & 4) != 0 ? [Tier("second", false, policies[^2..])] : (EndpointTier[])[]],
                ForwardTiers = (places & 8) != 0 ? [Tier("first", true, policies[^2]), Tier("second", false, policies)] : [],
            };
            await world.Host.PostViewAsync(world.Host.View with
            {
                Policies = policies, Profiles = [Rules.AllowAllProfile], HostEndpoints = [host], IpSets = RandomRules.IpSets, Endpoints = [.. world.Host.Workloads.Select(w => w.View([]))],
            });
            await world.Host.WaitProgrammedAsync([.. world.Host.Workloads]);
            world.ForgetConnections();
            NodePolicy node = new(world.Host.View);
            foreach ((Place from, Place to, string source, string destination) in Journeys)
            {
                foreach (byte protocol in (byte[])[Protocol.Udp, Protocol.Tcp, Protocol.Sctp])
                {
                    foreach (int port in (int[])[22, .. Enumerable.Range(RandomRules.FirstPort, RandomRules.LastPort - RandomRules.FirstPort + 1)])
                    {
                        Packet packet = new()
                        {
                            Source = InetAddress.Parse(source), Destination = InetAddress.Parse(destination), Protocol = protocol,
                            SourcePort = (ushort)(RandomRules.FirstSourcePort + port % 4), DestinationPort = (ushort)port,
                        };
                        JourneyVerdict verdict = node.Decide(new Journey(packet, from, to));
                        world.Send(NameOf(from), NameOf(to), packet, verdict.Allowed, $"{packet}: {verdict.DecidedBy}");
                    }
                }
            }
            Assert.Equal("", await world.CheckAsync());
        }, iter: Iterations, threads: 1);
    }

    private static string NameOf(Place place) => place switch { Place.Host => PacketWorld.HostName, Place.Outside => PacketWorld.Outside, _ => "web" };

    private static EndpointTier Tier(string name, bool passes, params PolicyView[] policies) => new()
    {
        Name = name, DefaultAction = passes ? "Pass" : "Deny",
        IngressPolicies = [.. policies.Where(p => p.Ingress.Count > 0).Select(p => p.Id)],
        EgressPolicies = [.. policies.Where(p => p.Egress.Count > 0).Select(p => p.Id)],
    };
}
