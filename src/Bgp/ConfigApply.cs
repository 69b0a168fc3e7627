using System.Collections.Immutable;
using Margay.Bgp.Session;
using Margay.Bgp.Transport;
using Margay.Bgp.Wire;
using Margay.Core.Net;

namespace Margay.Bgp;

/// <summary>
/// Brings a speaker from one configuration to the next by differences. A peer whose spec did not change is not touched; a change of policy is applied without a
/// new session; all else ends this one session. On the speaker's loop.
/// </summary>
internal sealed class ConfigApply(SpeakerLoop loop)
{
    private readonly Dictionary<ListenEndpoint, IListener> _listeners = [];

    internal IEnumerable<IListener> Listeners => _listeners.Values;

    internal ImmutableArray<string> Apply(SpeakerConfig config)
    {
        List<string> faults = SpeakerConfigCheck.Check(config);
        if (faults.Count > 0) return [.. faults];
        SpeakerConfig? before = loop.Config;
        bool identity = before is not null && (before.LocalAs != config.LocalAs || before.RouterId != config.RouterId);
        Dictionary<string, PeerSpec> wanted = config.Peers.ToDictionary(p => p.Name);
        if (identity) StopAll();
        loop.Unnumbered.Retain(wanted);
        RemovePeers(wanted);
        loop.SetConfig(config);
        Listen(config, faults);
        // Peers do not learn it from the OPEN: a node becomes a reflector, or ceases to be one, within its sessions.
        if (before is not null && !identity && before.ClusterId != config.ClusterId)
        {
            foreach (Peer p in loop.Peers.All) new PeerRouting(loop, p).ApplyPolicy(p.Spec, clusterChanged: true);
        }
        foreach (PeerSpec spec in config.Peers) ApplyPeer(spec, faults);
        loop.Bmp.Apply(config.BmpStations, anew: identity || before?.SystemName != config.SystemName);
        return [.. faults];
    }

    private void StopAll()
    {
        loop.Unnumbered.Clear();
        foreach (Peer p in loop.Peers.All.ToArray())
        {
            p.Stop(NotificationMessage.Cease(CeaseSubcode.OtherConfigurationChange), "our AS or router id changed");
            loop.Peers.Remove(p);
        }
        foreach (string range in loop.Peers.Ranges.Keys.ToArray()) loop.Peers.RemoveRange(range);
    }

    private void RemovePeers(Dictionary<string, PeerSpec> wanted)
    {
        foreach (Peer p in loop.Peers.All.Where(p => !p.IsDynamic && (!wanted.TryGetValue(p.Name, out PeerSpec? w) || w.ListenRange is not null || w.IsUnnumbered != p.Spec.IsUnnumbered)).ToArray()) RemovePeer(p);
        foreach (PeerSpec range in loop.Peers.Ranges.Values.Where(r => !wanted.TryGetValue(r.Name, out PeerSpec? w) || w.ListenRange is null).ToArray())
        {
            foreach (Peer p in loop.Peers.DynamicOf(range.Name).ToArray()) RemovePeer(p);
            loop.Peers.RemoveRange(range.Name);
            if (range.Password is not null) SetPassword(range.ListenRange!.Value, null);
        }
    }

    /// <summary>Ends a peer and forgets all of it.</summary>
    internal void RemovePeer(Peer p, string why = "removed from the configuration")
    {
        p.Stop(NotificationMessage.Cease(CeaseSubcode.PeerDeconfigured), why);
        loop.Peers.Remove(p);
        if (p.Spec.Password is not null && !p.IsDynamic) SetPassword(IpPrefix.Host(p.Address), null);
    }

    private void Listen(SpeakerConfig config, List<string> faults)
    {
        foreach (ListenEndpoint gone in _listeners.Keys.Where(e => !config.Listen.Contains(e)).ToArray())
        {
            _listeners[gone].Dispose();
            _listeners.Remove(gone);
        }
        foreach (ListenEndpoint e in config.Listen)
        {
            if (_listeners.ContainsKey(e)) continue;
            if (!loop.Transport.TryListen(e.Address, e.Port, e.Interface, out IListener? listener, out string error))
            {
                faults.Add($"Listen: {error}");
                continue;
            }
            _listeners[e] = listener!;
            // Keys of peers that were there before the listener.
            foreach (PeerSpec p in config.Peers)
            {
                if (p.Password is not null && !p.IsUnnumbered && listener!.SetPassword(p.ListenRange ?? IpPrefix.Host(p.RemoteAddress!.Value), p.Password) is { } failed) faults.Add($"Peer '{p.Name}': {failed}");
            }
        }
    }

    private void ApplyPeer(PeerSpec spec, List<string> faults)
    {
        if (spec.ListenRange is not null)
        {
            ApplyRange(spec, faults);
            return;
        }
        if (spec.IsUnnumbered) loop.Unnumbered.Apply(spec);
        if (loop.Peers.Find(spec.Name) is { IsDynamic: false } peer)
        {
            PeerSpec before = peer.Spec;
            if (before.Equals(spec)) return;
            if (before.RemoteAddress == spec.RemoteAddress)
            {
                Change(peer, spec, faults);
                return;
            }
            RemovePeer(peer);
        }
        // The neighbour of an unnumbered one has yet to be heard.
        if (spec.RemoteAddress is { } address && AddPeer(new Peer(loop, spec, address, isDynamic: false)) is { } failed) faults.Add($"Peer '{spec.Name}': {failed}");
    }

    /// <summary>Takes a new peer into the directory and starts it. Returns what is wrong with its password, or null.</summary>
    internal string? AddPeer(Peer added)
    {
        string? failed = added.Spec.Password is { } password ? SetPassword(IpPrefix.Host(added.Address), password) : null;
        loop.Peers.Add(added);
        added.Start();
        return failed;
    }

    private void ApplyRange(PeerSpec spec, List<string> faults)
    {
        PeerSpec? before = loop.Peers.Ranges.GetValueOrDefault(spec.Name);
        if (spec.Equals(before)) return;
        loop.Peers.SetRange(spec);
        if (before?.Password is not null && (before.Password != spec.Password || before.ListenRange != spec.ListenRange)) SetPassword(before.ListenRange!.Value, null);
        if (spec.Password is not null && SetPassword(spec.ListenRange!.Value, spec.Password) is { } failed) faults.Add($"Peer '{spec.Name}': {failed}");
        foreach (Peer p in loop.Peers.DynamicOf(spec.Name).ToArray())
        {
            if (spec.ListenRange!.Value.Contains(p.Address)) Change(p, spec, faults);
            else RemovePeer(p);
        }
    }

    private void Change(Peer peer, PeerSpec spec, List<string> faults)
    {
        PeerSpec before = peer.Spec;
        peer.Spec = spec;
        if (IsPolicyOnly(before, spec))
        {
            new PeerRouting(loop, peer).ApplyPolicy(before);
            loop.Liveness.Update(peer, null);
            return;
        }
        NotificationMessage why = spec.AdminDown
            ? NotificationMessage.Cease(CeaseSubcode.AdministrativeShutdown, spec.ShutdownText)
            : NotificationMessage.Cease(CeaseSubcode.OtherConfigurationChange);
        peer.Stop(why, spec.AdminDown ? "administratively down" : "its configuration changed");
        if (before.Password != spec.Password && !peer.IsDynamic && SetPassword(IpPrefix.Host(peer.Address), spec.Password) is { } failed) faults.Add($"Peer '{spec.Name}': {failed}");
        peer.Start();
    }

    /// <summary>Nothing changed but what is judged on our side alone.</summary>
    private static bool IsPolicyOnly(PeerSpec a, PeerSpec b) => a.Equals(b with
    {
        Description = a.Description,
        Import = a.Import,
        Export = a.Export,
        RequirePolicy = a.RequirePolicy,
        NextHop = a.NextHop,
        ThirdPartyNextHop = a.ThirdPartyNextHop,
        AllowOwnAs = a.AllowOwnAs,
        LocalAsMode = a.LocalAsMode,
        RouteTargets = a.RouteTargets,
        ClusterId = a.ClusterId,
        RouteReflectorClient = a.RouteReflectorClient,
        PrefixLimit = a.PrefixLimit,
        Bfd = a.Bfd,
        SelfIPv4 = a.SelfIPv4,
        SelfIPv6 = a.SelfIPv6,
        ListenLimit = a.ListenLimit,
        ShutdownText = a.ShutdownText,
        Timers = b.Timers with { ConnectRetry = a.Timers.ConnectRetry, IdleHold = a.Timers.IdleHold, IdleHoldMax = a.Timers.IdleHoldMax },
    });

    private string? SetPassword(IpPrefix peers, string? password)
    {
        string? failed = null;
        foreach (IListener l in _listeners.Values) failed ??= l.SetPassword(peers, password);
        return failed;
    }
}
