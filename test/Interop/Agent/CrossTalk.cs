using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Margay.Netlink.Namespaces;

namespace Margay.Interop.Agent;

/// <summary>
/// Everybody tells every address that anybody has or had the name of his network, without end, and listens. Whoever hears the name of another network than his own has found a way
/// across: it is noted.
/// </summary>
internal sealed class CrossTalk : IAsyncDisposable
{
    private const int Port = 7900;
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);

    private readonly ConcurrentDictionary<IPAddress, bool> _addresses = [];
    private readonly ConcurrentDictionary<string, bool> _crossed = [];
    private readonly List<Voice> _voices = [];
    private long _heard;

    /// <summary>Who heard whom, each once; to be empty.</summary>
    internal IReadOnlyCollection<string> Crossed => [.. _crossed.Keys.Order(StringComparer.Ordinal)];

    /// <summary>Datagrams that came to one's own network: proof that somebody listens.</summary>
    internal long Heard => Interlocked.Read(ref _heard);

    /// <summary>An address to be spoken to from now on, whoever has it.</summary>
    internal void Note(IEnumerable<string> addresses)
    {
        foreach (string address in addresses) _addresses[IPAddress.Parse(address)] = true;
    }

    /// <param name="inside">The workload's own namespace.</param>
    internal void Add(string name, string network, NetworkNamespace inside) => _voices.Add(new Voice(this, name, network, inside));

    public async ValueTask DisposeAsync()
    {
        foreach (Voice voice in _voices) await voice.DisposeAsync();
    }

    private sealed class Voice : IAsyncDisposable
    {
        private readonly CrossTalk _all;
        private readonly string _name;
        private readonly byte[] _network;
        private readonly Socket _socket;
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _speaking;
        private readonly Task _listening;

        internal Voice(CrossTalk all, string name, string network, NetworkNamespace inside)
        {
            (_all, _name, _network) = (all, name, Encoding.UTF8.GetBytes(network));
            _socket = inside.Run(() => new Socket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp) { DualMode = true });
            _socket.Bind(new IPEndPoint(IPAddress.IPv6Any, Port));
            _speaking = Task.Run(SpeakAsync);
            _listening = Task.Run(ListenAsync);
        }

        private async Task SpeakAsync()
        {
            using PeriodicTimer timer = new(s_pause, TimeProvider.System);
            while (!_stop.IsCancellationRequested)
            {
                foreach (IPAddress address in _all._addresses.Keys) await TellAsync(address);
                await timer.WaitForNextTickAsync();
            }
        }

        private async Task TellAsync(IPAddress address)
        {
            try
            {
                await _socket.SendToAsync(_network, new IPEndPoint(address.MapToIPv6(), Port));
            }
            catch (SocketException)
            {
                // Not attached at the moment, or told that nobody is there.
            }
        }

        private async Task ListenAsync()
        {
            byte[] buffer = new byte[256];
            EndPoint any = new IPEndPoint(IPAddress.IPv6Any, 0);
            while (true)
            {
                try
                {
                    SocketReceiveFromResult received = await _socket.ReceiveFromAsync(buffer, any, _stop.Token);
                    ReadOnlySpan<byte> said = buffer.AsSpan(0, received.ReceivedBytes);
                    if (said.SequenceEqual(_network)) Interlocked.Increment(ref _all._heard);
                    else _all._crossed[$"{_name} of {Encoding.UTF8.GetString(_network)} heard {Encoding.UTF8.GetString(said)} from {received.RemoteEndPoint}"] = true;
                }
                catch (SocketException)
                {
                    // An ICMP error for what was sent.
                }
                catch (OperationCanceledException)
                {
                    return;
                }
            }
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await Task.WhenAll(_speaking, _listening);
            _socket.Dispose();
            _stop.Dispose();
        }
    }
}
