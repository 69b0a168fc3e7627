using System.Collections.Immutable;
using Margay.Bgp.Rib;
using Margay.Bgp.Session;
using Margay.Bgp.Wire;
using Margay.Core.Net;

namespace Margay.Bgp;

/// <summary>What the speaker shows of itself: rows made on the loop, immutable afterwards.</summary>
internal sealed class Snapshots(SpeakerLoop loop)
{
    internal ImmutableArray<PeerStatus> Peers() =>
        [.. loop.Peers.All.OrderBy(p => p.Address).Select(Status), .. loop.Unnumbered.Waiting.Select(w => Unheard(w.Spec, w.Since, w.Reason))];

    private PeerStatus Unheard(PeerSpec spec, DateTimeOffset since, string reason) => new()
    {
        Name = spec.Name,
        Description = spec.Description,
        Address = InetAddress.AnyV6,
        Interface = spec.Interface,
        Dynamic = false,
        State = SessionState.Idle,
        Since = since,
        LocalAs = spec.LocalAs ?? loop.LocalAs,
        RemoteAs = spec.RemoteAs.Asn,
        LastError = "",
        ConnectError = reason,
    };

    private PeerStatus Status(Peer p)
    {
        BgpSession? s = p.Established;
        return new PeerStatus
        {
            Name = p.Name,
            Description = p.Spec.Description,
            Address = p.Address,
            Interface = p.Spec.Interface,
            Dynamic = p.IsDynamic,
            State = p.State,
            Since = p.Since,
            LocalAs = p.LocalAs,
            RemoteAs = s?.Agreed?.RemoteAs ?? p.Spec.RemoteAs.Asn,
            RouterId = s?.RemoteOpen?.RouterId,
            LocalAddress = s?.Connection.LocalAddress,
            HoldTime = s?.Agreed?.Hold ?? TimeSpan.Zero,
            Families = s?.Agreed?.Families ?? FamilySet.None,
            Capabilities = s?.RemoteOpen?.Capabilities.ToWords() ?? [],
            LastError = p.LastError,
            ConnectError = p.ConnectError,
            RoutesReceived = p.RibPeer?.Received.Sum() ?? 0,
            RoutesAccepted = p.RibPeer?.Accepted.Sum() ?? 0,
            RoutesDistrusted = p.RibPeer?.Distrusted ?? 0,
            RoutesAdvertised = s?.Output.Members.Sum(m => m.Group.AdvertisedTo(m.Peer)) ?? 0,
            MessagesReceived = s?.MessagesReceived ?? 0,
            MessagesSent = s?.Output.MessagesSent ?? 0,
            OctetsSent = s?.Output.OctetsSent ?? 0,
            UpdatesReceived = s?.UpdatesReceived ?? 0,
            TimesEstablished = p.TimesEstablished,
            Bfd = loop.Liveness.StatusOf(p),
            IsSlow = s?.Output.Members.Any(m => m.IsSlow) ?? false,
        };
    }

    internal ImmutableArray<RouteRow> Routes(RibKind kind, Family family, string? peer, IpPrefix? within)
    {
        int f = KnownFamilies.IndexOf(family);
        if (f < 0) return [];
        RibTable table = loop.Tables[f];
        ImmutableArray<RouteRow>.Builder rows = ImmutableArray.CreateBuilder<RouteRow>();
        for (int prefix = 0; prefix < table.IndexLimit; prefix++)
        {
            if (kind != RibKind.AdjRibOut && table.FirstPath(prefix) < 0) continue;
            Nlri nlri = NlriOf(table, prefix);
            if (within is { } w && (!nlri.TryGetPrefix(out IpPrefix p) || !w.Contains(p))) continue;
            if (kind == RibKind.AdjRibOut) AddSent(rows, f, prefix, nlri, peer);
            else AddPaths(rows, table, prefix, nlri, kind, peer);
        }
        return rows.DrainToImmutable();
    }

    private static Nlri NlriOf(RibTable table, int prefix)
    {
        Span<byte> key = stackalloc byte[NlriCodec.MaxKey];
        return new Nlri(KnownFamilies.Of(table.Family), key[..table.CopyKey(prefix, key)].ToArray());
    }

    private static void AddPaths(ImmutableArray<RouteRow>.Builder rows, RibTable table, int prefix, Nlri nlri, RibKind kind, string? peer)
    {
        foreach ((int path, PathReason reason) in table.Explain(prefix))
        {
            if (kind == RibKind.AdjRibIn && table.Peer(table.Path(path).Peer).IsLocal) continue;
            RouteRow row = Row(table, nlri, path, reason, received: kind == RibKind.AdjRibIn);
            if (kind == RibKind.LocRib && reason > PathReason.Multipath) continue;
            if (peer is null || row.Peer == peer) rows.Add(row);
        }
    }

    private static RouteRow Row(RibTable table, Nlri nlri, int path, PathReason reason, bool received)
    {
        ref RibTable.PathEntry p = ref table.Path(path);
        RibPeer peer = table.Peer(p.Peer);
        PathAttributes judged = table.Attributes[p.Attributes];
        string words = reason.ToWords();
        // The filter is a pure function: asked again it says why.
        if (reason == PathReason.ImportFilter && peer.Import?.Apply(new FilterContext(nlri, judged, peer.Source, peer.IsExternal)).Reason is { } why) words += $": {why}";
        return new RouteRow(nlri, peer.Source.PeerName, p.PathId, received ? table.Attributes[p.Received] : judged, reason == PathReason.Best, p.Stale, words)
        {
            Since = DateTimeOffset.FromUnixTimeSeconds(p.Since),
        };
    }

    private void AddSent(ImmutableArray<RouteRow>.Builder rows, int family, int prefix, Nlri nlri, string? peer)
    {
        foreach (Peer p in loop.Peers.All)
        {
            if (peer is not null && p.Name != peer) continue;
            foreach (GroupMember m in p.Established?.Output.Members ?? [])
            {
                if (m.Group.Policy.Family != family || m.Group.Sent(prefix, m.Peer) is not { } sent) continue;
                rows.Add(new RouteRow(nlri, p.Name, 0, sent, true, false, "advertised"));
            }
        }
    }

    internal RouteExplanation? Explain(Nlri nlri)
    {
        int f = KnownFamilies.IndexOf(nlri.Family);
        if (f < 0) return null;
        RibTable table = loop.Tables[f];
        Span<byte> key = stackalloc byte[NlriCodec.MaxKey];
        key.Clear();
        nlri.Key.CopyTo(key);
        int prefix = table.Find(key);
        if (prefix < 0 || table.FirstPath(prefix) < 0) return null;
        ImmutableArray<RouteRow> rows = [.. table.Explain(prefix).Select(c => Row(table, nlri, c.Path, c.Reason, received: false))];
        List<string> to = [];
        List<(string, string)> notTo = [];
        foreach (Peer p in loop.Peers.All) ExplainExport(table, prefix, nlri, p, to, notTo);
        return new RouteExplanation(nlri, rows, [.. to], [.. notTo]);
    }

    private void ExplainExport(RibTable table, int prefix, Nlri nlri, Peer p, List<string> to, List<(string, string)> notTo)
    {
        GroupMember? m = p.Established?.Output.Members.FirstOrDefault(m => m.Group.Policy.Family == table.Family);
        if (m is null)
        {
            notTo.Add((p.Name, p.Established is not { } session ? "the session is not Established"
                : !session.Agreed!.Families.Has(table.Family) ? $"{KnownFamilies.Of(table.Family)} is not agreed"
                : $"not yet: {new PeerRouting(loop, p).WhyNotJoined(session, table.Family)}"));
            return;
        }
        if (m.Group.Sent(prefix, m.Peer) is not null)
        {
            to.Add(p.Name);
            return;
        }
        int best = table.BestPath(prefix);
        string reason = best < 0 ? "no path is usable"
            : table.Path(best).Peer == m.Peer ? "the best path came from it"
            : m.Group.Policy.Decide(nlri, table.Attributes[table.Path(best).Attributes], table.Peer(table.Path(best).Peer), out _) ?? "not advertised";
        notTo.Add((p.Name, reason));
    }
}
