namespace Margay.Agent.Sync;

/// <summary>How it stands between this node and the server, for whoever asks: written by <see cref="ViewSync"/>'s task, read anywhere.</summary>
internal sealed class Connection
{
    private volatile HeldView _view = HeldView.Empty;
    private volatile string? _reason = "not connected yet";

    public HeldView View
    {
        get => _view;
        set => _view = value;
    }

    public bool IsConnected => _reason is null;

    /// <summary>Why there is no connection; null when there is.</summary>
    public string? Reason
    {
        get => _reason;
        set => _reason = value;
    }
}
