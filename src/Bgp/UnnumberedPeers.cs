using Margay.Bgp.Discovery;
using Margay.Bgp.Session;
using Margay.Bgp.Transport;
using Margay.Core.Net;

namespace Margay.Bgp;

/// <summary>
/// Peers that are known by an interface: each has router discovery on it, and a <see cref="Peer"/> as soon as a neighbour was heard. A neighbour that is replaced
/// by another (a new device, a new MAC address) is forgotten when neither its session nor its advertisements are there. Owned by the speaker's loop.
/// </summary>
/// <param name="add">Takes a peer that was found into the directory and starts it.</param>
/// <param name="remove">Ends a peer, with the reason in words.</param>
internal sealed class UnnumberedPeers(SpeakerLoop loop, Action<Peer> add, Action<Peer, string> remove)
{
    private readonly Dictionary<string, Cable> _cables = [];

    /// <summary>Specs whose neighbour is not known, with the reason in words.</summary>
    internal IEnumerable<(PeerSpec Spec, DateTimeOffset Since, string Reason)> Waiting =>
        _cables.Values.Where(c => c.Peer is null && !c.Spec.AdminDown).Select(c => (c.Spec, c.Since, c.Reason));

    /// <summary>Ends what is not wanted any more.</summary>
    internal void Retain(IReadOnlyDictionary<string, PeerSpec> wanted)
    {
        foreach (Cable c in _cables.Values.Where(c => !wanted.TryGetValue(c.Spec.Name, out PeerSpec? w) || !w.IsUnnumbered || w.Interface != c.Spec.Interface).ToArray())
        {
            _cables.Remove(c.Spec.Name);
            c.End();
        }
    }

    internal void Clear() => Retain(new Dictionary<string, PeerSpec>());

    /// <summary>Begins discovery for a peer, or gives one that is known its new spec.</summary>
    internal void Apply(PeerSpec spec)
    {
        if (_cables.TryGetValue(spec.Name, out Cable? known))
        {
            known.Spec = spec;
            return;
        }
        Cable cable = new(loop, spec, add, remove);
        _cables[spec.Name] = cable;
        cable.Start();
    }

    internal static void OnReadable(IRouterSocket socket)
    {
        Cable cable = (Cable)socket.Owner!;
        while (socket.Receive(out InetAddress source, out byte hopLimit, out ReadOnlySpan<byte> bytes))
        {
            if (RouterMessage.TryRead(bytes, out RouterMessage message)) cable.OnMessage(message, source, hopLimit);
        }
    }

    /// <summary>One interface and whom we found on it.</summary>
    private sealed class Cable : IRouterOutput
    {
        private static readonly TimeSpan s_openRetry = TimeSpan.FromSeconds(5);
        private readonly SpeakerLoop _loop;
        private readonly RouterDiscovery _discovery;
        private readonly LoopTimer _timer;
        private readonly Action<Peer> _add;
        private readonly Action<Peer, string> _remove;
        private readonly byte[] _message = new byte[RouterMessage.MaxLength];
        private IRouterSocket? _socket;
        private string _error = "";

        internal Cable(SpeakerLoop loop, PeerSpec spec, Action<Peer> add, Action<Peer, string> remove)
        {
            _add = add;
            _remove = remove;
            _loop = loop;
            Spec = spec;
            Since = loop.WallClock;
            _discovery = new RouterDiscovery(this, loop.Random);
            _timer = new LoopTimer(OnTimer);
        }

        internal PeerSpec Spec { get; set; }
        internal DateTimeOffset Since { get; }
        internal Peer? Peer { get; private set; }

        internal string Reason => _error.Length > 0 ? _error : $"no router advertisement was heard on {Spec.Interface}: is the other end up, and does it send them?";

        public bool IsNeighbourAlive => Peer?.Established is not null;

        internal void Start()
        {
            if (!TryOpen())
            {
                // The interface may come later.
                _loop.Timers.Set(_timer, _loop.Now + s_openRetry);
                return;
            }
            _discovery.Start(_loop.Now);
            Arm();
        }

        private bool TryOpen()
        {
            if (!_loop.Transport.TryOpenRouterSocket(Spec.Interface!, out _socket, out string error))
            {
                _error = error;
                return false;
            }
            _error = "";
            _socket!.Owner = this;
            return true;
        }

        internal void OnMessage(in RouterMessage message, InetAddress source, byte hopLimit)
        {
            InetAddress? rival = _discovery.Rival;
            _discovery.OnMessage(message, source, hopLimit, _loop.Now);
            if (_discovery.Rival != rival && _discovery.Rival is { } other) Log.TwoRouters(_loop.Logger, Spec.Name, Spec.Interface!, other.ToString());
            Arm();
        }

        private void OnTimer()
        {
            if (_socket is null)
            {
                Start();
                return;
            }
            _discovery.OnTimer(_loop.Now);
            Arm();
        }

        private void Arm() => _loop.Timers.Set(_timer, _socket is null ? _loop.Now + s_openRetry : _discovery.Due);

        void IRouterOutput.Send(in RouterMessage message)
        {
            if (_socket is null) return;
            int length = message.Write(_message);
            if (_socket.Send(_message.AsSpan(0, length), message.Type == RouterMessageType.RouterSolicitation) is not { } error)
            {
                _error = "";
                return;
            }
            // A link that is down, or an interface that was made anew: the next attempt is with a new socket.
            _error = $"cannot send router advertisements on {Spec.Interface}: {error}";
            _socket.Dispose();
            _socket = null;
        }

        void IRouterOutput.OnNeighbour()
        {
            RemovePeer("the neighbour on the link is not heard any more");
            if (_discovery.Neighbour is not { } address) return;
            Peer = new Peer(_loop, Spec, address, isDynamic: false);
            Log.NeighbourFound(_loop.Logger, Spec.Name, Spec.Interface!, address.ToString());
            _add(Peer);
        }

        private void RemovePeer(string why)
        {
            if (Peer is not { } gone) return;
            Peer = null;
            _remove(gone, why);
        }

        internal void End()
        {
            RemovePeer("removed from the configuration");
            TimerQueue.Cancel(_timer);
            if (_socket is null) return;
            int length = new RouterMessage(RouterMessageType.RouterAdvertisement, TimeSpan.Zero).Write(_message);
            _socket.Send(_message.AsSpan(0, length), toRouters: false);
            _socket.Dispose();
        }
    }
}
