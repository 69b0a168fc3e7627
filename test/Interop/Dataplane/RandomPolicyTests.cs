using System.Net;
using System.Net.Sockets;
using CsCheck;
using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.Core.Net;
using Margay.Policy;

namespace Margay.Interop.Dataplane;

/// <summary>Whatever the policies: the kernel does with a packet what the engine says of it.</summary>
public class RandomPolicyTests
{
    private const int Iterations = 15, FirstPort = 80, LastPort = 84, FirstSourcePort = 7000;

    private static Gen<T> OneOf<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static readonly Gen<IReadOnlyList<string>?> Nets = OneOf<IReadOnlyList<string>?>(
        null, null, null, ["10.65.0.1/32"], ["10.65.0.2/31"], ["10.65.0.0/29"], ["fd00:65::1/128", "10.65.0.3/32"], ["fd00:65::/126"], ["10.0.0.0/8", "fd00::/8"], ["192.0.2.0/24"]);

    private static readonly Gen<IReadOnlyList<string>?> Sets = OneOf<IReadOnlyList<string>?>(null, null, null, ["hosts"], ["nets"], ["many"], ["unknown"]);

    private static readonly Gen<IReadOnlyList<PortRange>?> Ports = OneOf<IReadOnlyList<PortRange>?>(
        null, [new(80, 80)], [new(81, 81)], [new(82, 82)], [new(80, 82)], [new(83, 83), new(81, 81)], [new(80, 65535)], [new(84, 84), new(1, 79)]);

    private static readonly Gen<SideView> Side = Gen.Select(Nets, Nets, Sets, Sets, Ports, Ports, Gen.Int[0, 3], (nets, notNets, sets, notSets, ports, notPorts, which) => new SideView
    {
        Nets = nets,
        Sets = sets,
        Ports = ports,
        NotNets = which == 1 ? notNets : null,
        NotSets = which == 2 ? notSets : null,
        NotPorts = which == 3 ? notPorts : null,
        PortSets = which == 0 && sets is not null ? ["named"] : null,
    });

    private static readonly Gen<RuleView> Rule = Gen.Select(
        OneOf(RuleAction.Allow, RuleAction.Allow, RuleAction.Allow, RuleAction.Deny, RuleAction.Pass, RuleAction.Log), OneOf<byte?>(null, Protocol.Udp, Protocol.Udp, Protocol.Tcp), OneOf<int?>(null, null, 4, 6),
        Side, Side, Gen.Bool, Gen.Bool, (action, protocol, version, source, destination, bySource, byDestination) => new RuleView
        {
            Action = action,
            Protocol = protocol,
            IpVersion = version,
            // Ports 7000 and on are sent from.
            Source = bySource ? source with { Ports = null, NotPorts = null, PortSets = null } : source.Ports is null ? null : new SideView { Ports = [new(FirstSourcePort, FirstSourcePort + 2)] },
            Destination = byDestination ? destination : new SideView { Ports = destination.Ports },
        });

    private static readonly Gen<PolicyView[]> Policies = Rule.Array[1, 7].Array[2, 7].Select(policies => policies.Select((rules, i) => new PolicyView
    {
        Id = $"GlobalNetworkPolicy/p{i}", Tier = i < 2 ? "first" : "second",
        Ingress = [.. rules.Where((_, r) => r % 3 != i % 3).Select((r, n) => r with { Index = n })],
        Egress = [.. rules.Where((_, r) => r % 3 != (i + 1) % 3).Select((r, n) => r with { Index = n })],
    }).ToArray());

    [Fact]
    public async Task Kernel_DoesWhatTheEngineSays()
    {
        await using TestHost host = new();
        await host.StartEmptyAsync();
        Workload[] senders = [await host.AddWorkloadAsync("a"), await host.AddWorkloadAsync("b"), await host.AddWorkloadAsync("c")];
        Workload receiver = await host.AddWorkloadAsync("d");
        await host.PostViewAsync(host.View with
        {
            IpSets =
            [
                new IpSetView { Id = "hosts", Members = ["10.65.0.1/32", "fd00:65::2/128"] },
                new IpSetView { Id = "nets", Members = ["10.65.0.2/31", "fd00:65::2/127", "192.0.2.7/32"] },
                new IpSetView { Id = "many", Members = ["10.65.0.1/32", "10.65.0.3/32", .. Enumerable.Range(0, 600).Select(i => $"10.{i % 200 + 10}.{i / 200}.0/24"), "fd00:65::4/126"] },
                new IpSetView { Id = "named", Type = IpSetType.IpPorts, Members = ["10.65.0.4,17,81", "fd00:65::4,17,83"] },
            ],
        });
        await host.ApplyAsync(Rules.Ingress("first", Rules.Allow));
        await host.WaitProgrammedAsync([.. senders, receiver]);
        using Datagrams datagrams = new(receiver);
        await Gen.Select(Policies, Gen.Bool, Gen.Bool).SampleAsync(async given =>
        {
            (PolicyView[] policies, bool firstPasses, bool secondPasses) = given;
            EndpointTier[] tiers = [Tier("first", firstPasses, policies), Tier("second", secondPasses, policies)];
            await host.PostViewAsync(host.View with
            {
                Policies = policies,
                Endpoints = [.. host.Workloads.Select(w => w.View([]) with { Tiers = tiers })],
            });
            AddressSets sets = AddressSets.From(host.View.IpSets!);
            CompiledPolicySet egress = Link(host.View, tiers, PolicyType.Egress), ingress = Link(host.View, tiers, PolicyType.Ingress);
            foreach (Workload sender in senders)
            {
                foreach (bool v6 in (bool[])[false, true])
                {
                    for (int port = FirstPort; port <= LastPort; port++)
                    {
                        Packet packet = new()
                        {
                            Source = v6 ? sender.V6 : sender.V4, Destination = v6 ? receiver.V6 : receiver.V4, Protocol = Protocol.Udp,
                            SourcePort = (ushort)(FirstSourcePort + port % 4), DestinationPort = (ushort)port,
                        };
                        Verdict sent = Evaluator.Evaluate(egress, packet, sets), received = Evaluator.Evaluate(ingress, packet, sets);
                        await datagrams.SendAsync(sender, packet, expected: sent.Allowed && received.Allowed, $"{packet}: egress {sent.DecidedBy}, ingress {received.DecidedBy}");
                    }
                }
            }
            await datagrams.CheckAsync();
        }, iter: Iterations, threads: 1);
    }

    private static EndpointTier Tier(string name, bool passes, PolicyView[] policies) => new()
    {
        Name = name, DefaultAction = passes ? "Pass" : "Deny",
        IngressPolicies = [.. policies.Where(p => p.Tier == name && p.Ingress.Count > 0).Select(p => p.Id)],
        EgressPolicies = [.. policies.Where(p => p.Tier == name && p.Egress.Count > 0).Select(p => p.Id)],
    };

    private static CompiledPolicySet Link(ViewDelta view, EndpointTier[] tiers, PolicyType direction) => PolicyCompiler.Link(
        PolicySet.Of(new EndpointView { Id = "x", Revision = 1, Interface = "x", Tiers = tiers, Profiles = [Rules.AllowAllProfile.Name] }, direction),
        id => view.Policies!.FirstOrDefault(p => p.Id == id) is { } p ? PolicyCompiler.Compile(p, direction) : null,
        name => view.Profiles!.FirstOrDefault(p => p.Name == name) is { } p ? PolicyCompiler.Compile(p, direction) : null);

    /// <summary>Numbered datagrams, and which of them arrived.</summary>
    private sealed class Datagrams : IDisposable
    {
        private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3), Grace = TimeSpan.FromMilliseconds(10);

        private readonly Dictionary<(string, int, bool), Socket> _senders = [];
        private readonly List<Socket> _receivers = [];
        private readonly Dictionary<int, (bool Expected, string What)> _sent = [];
        private readonly HashSet<int> _arrived = [];
        private int _next;

        public Datagrams(Workload receiver)
        {
            foreach (InetAddress address in (InetAddress[])[receiver.V4, receiver.V6])
            {
                for (int port = FirstPort; port <= LastPort; port++)
                {
                    Socket socket = Traffic.Open(receiver.Namespace, address, SocketType.Dgram);
                    socket.Bind(new IPEndPoint(address.ToIPAddress(), port));
                    socket.Blocking = false;
                    _receivers.Add(socket);
                }
            }
        }

        public async Task SendAsync(Workload sender, Packet packet, bool expected, string what)
        {
            (string, int, bool) key = (sender.Name, packet.SourcePort!.Value, packet.Source.IsIPv6);
            if (!_senders.TryGetValue(key, out Socket? socket))
            {
                _senders[key] = socket = Traffic.Open(sender.Namespace, packet.Source, SocketType.Dgram);
                socket.Bind(new IPEndPoint(packet.Source.ToIPAddress(), packet.SourcePort.Value));
            }
            _sent[++_next] = (expected, what);
            await socket.SendToAsync(BitConverter.GetBytes(_next), new IPEndPoint(packet.Destination.ToIPAddress(), packet.DestinationPort!.Value));
        }

        /// <summary>All that should arrive does, and nothing that should not, not even later.</summary>
        public async Task CheckAsync()
        {
            await Eventually.TrueAsync(() => { Read(); return _sent.All(s => !s.Value.Expected || _arrived.Contains(s.Key)); }, Patience,
                () => string.Join('\n', _sent.Where(s => s.Value.Expected && !_arrived.Contains(s.Key)).Select(s => s.Value.What)));
            await Task.Delay(Grace, TimeProvider.System);
            Read();
            Assert.Equal("", string.Join('\n', _sent.Where(s => !s.Value.Expected && _arrived.Contains(s.Key)).Select(s => s.Value.What)));
            _sent.Clear();
        }

        private void Read()
        {
            byte[] buffer = new byte[8];
            foreach (Socket socket in _receivers)
                while (socket.Available > 0 && socket.Receive(buffer) == sizeof(int)) _arrived.Add(BitConverter.ToInt32(buffer));
        }

        public void Dispose()
        {
            foreach (Socket socket in _senders.Values.Concat(_receivers)) socket.Dispose();
        }
    }
}
