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
    private const int Iterations = 15, FirstPort = RandomRules.FirstPort, LastPort = RandomRules.LastPort, FirstSourcePort = RandomRules.FirstSourcePort;

    [Fact]
    public async Task Kernel_DoesWhatTheEngineSays()
    {
        await using TestHost host = new();
        await host.StartEmptyAsync();
        Workload[] senders = [await host.AddWorkloadAsync("a"), await host.AddWorkloadAsync("b"), await host.AddWorkloadAsync("c")];
        Workload receiver = await host.AddWorkloadAsync("d");
        await host.PostViewAsync(host.View with
        {
            IpSets = RandomRules.IpSets,
        });
        await host.ApplyAsync(Rules.Ingress("first", Rules.Allow));
        await host.WaitProgrammedAsync([.. senders, receiver]);
        using Datagrams datagrams = new(receiver);
        await Gen.Select(RandomRules.Policies, Gen.Bool, Gen.Bool).SampleAsync(async given =>
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
