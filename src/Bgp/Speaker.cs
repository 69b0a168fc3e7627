using System.Collections.Immutable;
using Margay.Bgp.Wire;
using Margay.Core.Net;

namespace Margay.Bgp;

/// <summary>
/// A BGP-4 speaker and route reflector. All methods may be called from any thread; they post to the speaker's one loop and their tasks
/// complete when the loop has done it.
/// </summary>
public sealed class Speaker : IAsyncDisposable
{
    public Speaker(SpeakerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        Options = options;
    }

    public SpeakerOptions Options { get; }

    /// <summary>Starts the loop. Listeners and sessions come with the first configuration.</summary>
    public void Start() => throw new NotImplementedException();

    /// <summary>
    /// Makes <paramref name="config"/> the desired state: peers are added, removed or changed, and no session that is not named by a difference is touched.
    /// The result lists what could not be done (a listener's address in use, a password refused), with the remedy; all else is applied. A configuration
    /// that contradicts itself is refused whole.
    /// </summary>
    public Task<ImmutableArray<string>> ApplyAsync(SpeakerConfig config) => throw new NotImplementedException();

    /// <summary>Announces and withdraws own routes; each prefix counts with its last change.</summary>
    public Task UpdateLocalRoutesAsync(IReadOnlyCollection<LocalRouteChange> changes) => throw new NotImplementedException();

    /// <summary>Announces <paramref name="prefix"/> as our own.</summary>
    public Task AnnounceAsync(IpPrefix prefix, LocalRoute route) => UpdateLocalRoutesAsync([new LocalRouteChange(prefix, route)]);

    public Task WithdrawAsync(IpPrefix prefix) => UpdateLocalRoutesAsync([new LocalRouteChange(prefix, null)]);

    public Task<ImmutableArray<PeerStatus>> GetPeersAsync() => throw new NotImplementedException();

    /// <summary>Rows of one table. <paramref name="peer"/> names a peer for the Adj-RIBs; <paramref name="within"/> limits to a prefix and its more specifics.</summary>
    public Task<ImmutableArray<RouteRow>> GetRoutesAsync(RibKind table, Family family, string? peer = null, IpPrefix? within = null) => throw new NotImplementedException();

    /// <summary>Null if nobody ever told of the prefix.</summary>
    public Task<RouteExplanation?> ExplainAsync(Nlri nlri) => throw new NotImplementedException();

    /// <summary>Ends the session and lets it come up again; false if there is no such peer.</summary>
    public Task<bool> ResetAsync(string peer, string text = "") => throw new NotImplementedException();

    /// <summary>Asks the peer for its routes again and sends it ours again, without a reset; false if there is no such session.</summary>
    public Task<bool> RefreshAsync(string peer) => throw new NotImplementedException();

    /// <summary>Says goodbye to all peers (Cease / Administrative Shutdown with a text, RFC 9003): they withdraw our routes at once.</summary>
    public Task ShutdownAsync(string text) => throw new NotImplementedException();

    /// <summary>Ends without a NOTIFICATION unless <see cref="ShutdownAsync"/> was called before: peers with graceful restart keep our routes until we are back.</summary>
    public ValueTask DisposeAsync() => throw new NotImplementedException();
}
