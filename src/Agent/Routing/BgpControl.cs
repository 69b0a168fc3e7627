using System.Threading.Channels;
using Margay.Agent.Attach;
using Margay.Agent.Networks;
using Margay.Agent.Sync;
using Margay.Bgp;
using Margay.Bgp.Bmp;
using Margay.Bgp.Wire;
using Margay.Core.Net;
using Margay.Dataplane.Networks;
using Microsoft.Extensions.Logging;

namespace Margay.Agent.Routing;

/// <summary>
/// Keeps the speaker as the view and the addresses in use want it. Told of either from any loop, it works with the latest of both: one task,
/// which applies what differs and then looks again.
/// </summary>
internal sealed class BgpControl(Speaker speaker, BgpSettings settings, ILogger logger, FibSink? fib = null, TunnelEnd? tunnelEnd = null)
{
    // A full queue of one means: it will look anyway.
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private IReadOnlyDictionary<IpPrefix, LocalRoute> _announced = new Dictionary<IpPrefix, LocalRoute>();
    private IReadOnlyDictionary<Nlri, LocalRoute> _announcedInNetworks = new Dictionary<Nlri, LocalRoute>();
    private SpeakerConfig? _applied;
    private string _faults = "";
    private volatile HeldView _view = HeldView.Empty;
    private volatile AddressUseSnapshot _use = new([], []);

    public void OnView(HeldView view)
    {
        _view = view;
        _wake.Writer.TryWrite(true);
    }

    public void OnAddresses(AddressUseSnapshot use)
    {
        _use = use;
        _wake.Writer.TryWrite(true);
    }

    public async Task RunAsync(CancellationToken cancel)
    {
        await foreach (bool _ in _wake.Reader.ReadAllAsync(cancel).ConfigureAwait(false))
        {
            HeldView view = _view;
            AddressUseSnapshot use = _use;
            // Routes first: peers that come up then hear of all of them before our End-of-RIB.
            IReadOnlyDictionary<IpPrefix, LocalRoute> wanted = Announcements.Of(view, use);
            IReadOnlyList<LocalRouteChange> changes = Announcements.Difference(_announced, wanted);
            if (changes.Count > 0) await speaker.UpdateLocalRoutesAsync(changes).ConfigureAwait(false);
            _announced = wanted;
            await UpdateNetworksAsync(view, use).ConfigureAwait(false);
            await ConfigureAsync(view).ConfigureAwait(false);
        }
    }

    private async Task UpdateNetworksAsync(HeldView view, AddressUseSnapshot use)
    {
        if (view.Settings is not { } node) return;
        // What is to be imported is known before anyone is asked to send it.
        fib?.Configure(NetworkAnnouncements.Vrfs(view, use));
        IReadOnlyDictionary<Nlri, LocalRoute> wanted = NetworkAnnouncements.Of(view, use, tunnelEnd, SpeakerPlan.RouterId(node));
        IReadOnlyList<LocalRouteChange> changes = NetworkAnnouncements.Difference(_announcedInNetworks, wanted);
        if (changes.Count > 0) await speaker.UpdateLocalRoutesAsync(changes).ConfigureAwait(false);
        _announcedInNetworks = wanted;
    }

    private async Task ConfigureAsync(HeldView view)
    {
        if (SpeakerPlan.Of(view, settings.Listen, out IReadOnlyList<string> faults, settings.MoreFamilies) is not { } config || SameAs(config, _applied)) return;
        config = config with { BmpStations = [.. settings.BmpStations], SystemName = settings.Node };
        faults = [.. faults, .. await speaker.ApplyAsync(config).ConfigureAwait(false)];
        _applied = config;
        Log.BgpConfigured(logger, config.LocalAs, config.RouterId.ToString(), config.Peers.Length);
        string joined = string.Join("; ", faults);
        if (joined.Length > 0 && joined != _faults) Log.BgpFault(logger, joined);
        _faults = joined;
    }

    private static bool SameAs(SpeakerConfig a, SpeakerConfig? b) => b is not null
        && a.LocalAs == b.LocalAs && a.RouterId == b.RouterId && a.ClusterId == b.ClusterId
        && a.Listen.SequenceEqual(b.Listen) && a.Peers.SequenceEqual(b.Peers);
}

/// <summary>What the operator says of BGP to this agent alone, besides what the cluster says.</summary>
/// <param name="Node">What monitoring stations are told that this speaker is called.</param>
/// <param name="MoreFamilies">Families that this agent carries for others, and has no routes of itself.</param>
internal sealed record BgpSettings(BgpListen Listen, IReadOnlyList<BmpStationSpec> BmpStations, string Node, FamilySet MoreFamilies = FamilySet.None);
