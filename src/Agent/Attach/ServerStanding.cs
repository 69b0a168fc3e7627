using System.Diagnostics.CodeAnalysis;
using Margay.Api.NodeSync;

namespace Margay.Agent.Attach;

/// <summary>
/// How it stands with the server: whether it can be reached, and whether what it has on this node was compared with the journal (once after start
/// before anything new is attached, then at every snapshot). Owned by the <see cref="AttachMachine"/>.
/// </summary>
internal sealed class ServerStanding(IAttachEffects effects)
{
    private readonly Dictionary<string, string> _orphanLinks = [];
    private readonly HashSet<string> _reading = [];
    private bool _compared;
    private bool _orphansGiven;

    /// <summary>Why it cannot be reached; null when it can.</summary>
    public string? Unreachable { get; set; }

    /// <summary>The server was heard in this life, and whatever it knew more was dealt with.</summary>
    public bool IsCompared => _compared && _reading.Count == 0;

    /// <summary>Links of ours that no line of the journal explains: endpoint id by name.</summary>
    public void NoteOrphans(IEnumerable<KeyValuePair<string, string>> links)
    {
        foreach ((string name, string endpointId) in links) _orphanLinks[name] = endpointId;
    }

    /// <summary>Looks into endpoints that the journal does not know.</summary>
    public void Compare(IEnumerable<EndpointView> strays)
    {
        _compared = true;
        foreach (EndpointView endpoint in strays)
            if (_reading.Add(endpoint.Id)) effects.ReadStrayEndpoint(endpoint.Id);
    }

    public bool Take(string id) => _reading.Remove(id);

    /// <summary>Whether the endpoint's link is there; it is no orphan then.</summary>
    public bool ClaimLink(string name, string endpointId) =>
        _orphanLinks.TryGetValue(name, out string? id) && id == endpointId && _orphanLinks.Remove(name);

    /// <summary>True once, when the first comparison is over; then gives the links that nobody claimed.</summary>
    public bool TryFinish([NotNullWhen(true)] out IReadOnlyList<KeyValuePair<string, string>>? orphans)
    {
        orphans = null;
        if (!IsCompared || _orphansGiven) return false;
        _orphansGiven = true;
        orphans = [.. _orphanLinks];
        _orphanLinks.Clear();
        return true;
    }
}
