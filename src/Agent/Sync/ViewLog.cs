using Margay.Agent.State;
using Margay.Api.NodeSync;
using Margay.Api.Resources;

namespace Margay.Agent.Sync;

/// <summary>
/// The view on disk: a snapshot and the deltas after it, so that keeping up costs one append. With no server in reach a restarted agent
/// goes on from here. Owned by <see cref="ViewSync"/>.
/// </summary>
internal sealed class ViewLog : IDisposable
{
    /// <summary>A log longer than this, and mostly deltas, is written anew.</summary>
    private const long CompactionSize = 1 << 20;

    private readonly RecordLog<ViewDelta> _log;
    private long _compacted;

    private ViewLog(RecordLog<ViewDelta> log, HeldView view)
    {
        _log = log;
        View = view;
    }

    public HeldView View { get; private set; }

    /// <summary>Reads what the last life knew. A log without a snapshot at its head is worth nothing and is treated as absent.</summary>
    public static ViewLog Open(string path, out string? damage)
    {
        RecordLog<ViewDelta> log = RecordLog<ViewDelta>.Open(path, ApiJsonContext.Default.ViewDelta, out IReadOnlyList<ViewDelta> deltas, out damage);
        HeldView view = HeldView.Empty;
        if (deltas is [{ Snapshot: true }, ..])
        {
            foreach (ViewDelta delta in deltas) view = view.Apply(delta);
        }
        else if (deltas.Count > 0) damage = $"{path}: does not begin with a snapshot, treated as absent";
        return new ViewLog(log, view) { _compacted = log.Length };
    }

    /// <summary>The view after the delta, kept. <see cref="IOException"/> when only memory has it.</summary>
    public void Apply(ViewDelta delta)
    {
        View = View.Apply(delta);
        if (delta.Snapshot || (_log.Length > CompactionSize && _log.Length > 4 * _compacted))
        {
            _log.Replace([View.ToSnapshot()]);
            _compacted = _log.Length;
        }
        else _log.Append(delta);
    }

    public Task FlushAsync() => _log.FlushAsync();

    public void Dispose() => _log.Dispose();
}
