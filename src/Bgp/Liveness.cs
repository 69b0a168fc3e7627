using Margay.Bgp.Bfd;
using Margay.Bgp.Session;
using Margay.Bgp.Transport;
using Margay.Bgp.Wire;
using Margay.Core.Net;

namespace Margay.Bgp;

/// <summary>
/// Which peers have a BFD session, and what its news mean to BGP (RFC 5882). A session lasts from when both addresses are known until the peer is stopped or
/// removed, also while BGP is down: BGP does not wait for it (§4.2), and a way that was never Up ends nothing. Owned by the speaker's loop.
/// <list type="bullet">
/// <item>Down after Up ends the BGP session at once and its routes with it: nothing is kept for a restart, because a peer whose process restarts closes its TCP
/// connection, which is faster than any detection time (§4.3.2).</item>
/// <item>Down while routes are already kept for a restart (RFC 4724): BFD that stops with the process is expected to fall silent then, and proves nothing
/// (§4.3.2). The routes go if the peer's BFD does not depend on its process (C bit, §4.3.1), or if the peer itself says that its packets or
/// ours get lost, which no restarting process says.</item>
/// <item>AdminDown of the peer is an operator's wish about BFD and ends nothing (§3.2).</item>
/// </list>
/// </summary>
internal sealed class Liveness(SpeakerLoop loop, Func<BfdLoop> start)
{
    private readonly Dictionary<Peer, BfdMonitor> _monitors = [];
    private BfdLoop? _bfd;

    internal BfdLoop? Bfd => _bfd;

    /// <summary>Sessions that are Up.</summary>
    internal int UpCount { get; private set; }

    /// <summary>Sessions that left Up because nothing, or nothing good, was heard.</summary>
    internal long Failures { get; private set; }

    internal BfdStatus? StatusOf(Peer peer) => _monitors.GetValueOrDefault(peer)?.Status;

    /// <summary>The peer's spec changed, it was started or stopped, or a connection shows which address of ours it uses.</summary>
    internal void Update(Peer peer, InetAddress? local)
    {
        BfdMonitor? running = _monitors.GetValueOrDefault(peer);
        local ??= peer.Established?.Connection.LocalAddress ?? running?.Path.Local ?? peer.Spec.LocalAddress;
        if (peer.IsStopped || peer.Spec.Bfd is not { } spec || local is not { } from)
        {
            if (running is not null) Close(peer, running);
            return;
        }
        BfdPath path = new(from, peer.Address, peer.Spec.Interface, spec.Multihop ?? !IsOnLink(from, peer));
        if (running is not null && running.Path == path)
        {
            if (running.Session.Spec != spec) _bfd!.Change(running, spec);
            return;
        }
        if (running is not null) Close(peer, running);
        _bfd ??= start();
        _monitors[peer] = _bfd.Open(path, spec, (monitor, report) => loop.Post(() => OnReport(peer, monitor, report)));
    }

    private bool IsOnLink(InetAddress local, Peer peer) =>
        peer.Address.IsLinkLocal || loop.Transport.FindLink(local) is { } link && link.Subnet.Contains(peer.Address);

    internal void Remove(Peer peer)
    {
        if (_monitors.TryGetValue(peer, out BfdMonitor? running)) Close(peer, running);
    }

    private void Close(Peer peer, BfdMonitor running)
    {
        _monitors.Remove(peer);
        _bfd!.Close(running);
        Count();
    }

    private void Count() => UpCount = _monitors.Values.Count(static m => m.Session.State == BfdState.Up);

    private void OnReport(Peer peer, BfdMonitor monitor, BfdReport report)
    {
        // Of a session that was closed since.
        if (_monitors.GetValueOrDefault(peer) != monitor) return;
        Count();
        if (report.Now == BfdState.Up) Log.BfdUp(loop.Logger, peer.Name);
        if (report.Was != BfdState.Up || report.Now == BfdState.Up) return;
        if (report.RemoteState == BfdState.AdminDown)
        {
            Log.BfdAdminDown(loop.Logger, peer.Name);
            return;
        }
        Failures++;
        string reason = $"BFD: the way to {peer.Address} is down ({Words(report)})";
        Log.BfdDown(loop.Logger, peer.Name, reason);
        peer.OnPathDown(NotificationMessage.Cease(CeaseSubcode.BfdDown), reason);
        if (peer.StaleFamilies != 0 && peer.Established is null && EndsRestart(report)) new PeerRouting(loop, peer).RestartAborted();
    }

    private static bool EndsRestart(in BfdReport report) => report.RemoteControlPlaneIndependent
        || report is { Diagnostic: BfdDiagnostic.NeighborSignaledSessionDown, RemoteDiagnostic: BfdDiagnostic.ControlDetectionTimeExpired or BfdDiagnostic.ForwardingPlaneReset or BfdDiagnostic.PathDown };

    private static string Words(in BfdReport report) => report.Diagnostic == BfdDiagnostic.NeighborSignaledSessionDown
        ? $"the peer says so: {report.RemoteDiagnostic}"
        : "nothing was heard within the detection time";
}
