using Margay.Agent.State;
using Margay.Agent.Sync;
using Margay.Bgp;

namespace Margay.Agent.Routing;

/// <summary>What the speaker of this life tells its peers about the life before (RFC 4724 §4.1). Pure.</summary>
/// <param name="Restarting">Peers may still keep the routes of the life before: the R bit is set.</param>
/// <param name="ForwardingLost">The kernel does not forward what it did then: the F bits are clear.</param>
/// <param name="DeferralLimit">How long nothing is sent at most; null for the speaker's own limit.</param>
internal sealed record SpeakerStart(bool Restarting, bool ForwardingLost, TimeSpan? DeferralLimit)
{
    /// <summary>For a node that reflects nothing: what it announces is its own, so a peer that is down need not be waited for.</summary>
    private static readonly TimeSpan s_ownRoutesLimit = TimeSpan.FromSeconds(10);

    /// <summary>For a host, whose packets go through its own kernel.</summary>
    public static SpeakerStart OfHost(FormerLife? former, HeldView view) =>
        new(IsAwaited(former, view), former is not { SameBoot: true }, view.Settings?.RouteReflectorClusterId is { Length: > 0 } ? null : s_ownRoutesLimit);

    /// <summary>For a reflector that no packet goes through: whatever becomes of its host, the ways that it tells of are there.</summary>
    public static SpeakerStart OfReflector(FormerLife? former, HeldView view) => new(IsAwaited(former, view), ForwardingLost: false, DeferralLimit: null);

    // The view is that of the life before: its peers were told its restart times. The last sign of life may be as old as the pulse is slow.
    private static bool IsAwaited(FormerLife? former, HeldView view) => former is not null
        && view.Peers.Values.Select(SpeakerPlan.RestartOf).Any(r => r.Enabled && former.Ago < r.RestartTime + Pulse.Interval);

    public SpeakerOptions On(SpeakerOptions options) => options with { Restarting = Restarting, ForwardingLost = ForwardingLost, DeferralLimit = DeferralLimit };
}
