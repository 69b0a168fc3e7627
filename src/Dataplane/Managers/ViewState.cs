using Margay.Api.NodeSync;

namespace Margay.Dataplane.Managers;

/// <summary>
/// The view as held by the dataplane, but for the sets' members, which <see cref="IpSetManager"/> holds parsed. Owned by the dataplane's loop.
/// </summary>
internal sealed class ViewState
{
    public Dictionary<string, PoolView> Pools { get; } = [];
    public Dictionary<string, BlockView> Blocks { get; } = [];
    public Dictionary<string, PolicyView> Policies { get; } = [];
    public Dictionary<string, ProfileView> Profiles { get; } = [];
    public Dictionary<string, EndpointView> Endpoints { get; } = [];
    public Dictionary<string, HostEndpointView> HostEndpoints { get; } = [];

    /// <summary>A whole view has come: what is not in it is not wanted.</summary>
    public bool IsComplete { get; set; }

    /// <summary>
    /// Takes over one kind of object and returns the ids to look at: those given and those gone (for a snapshot, every one that it does not name).
    /// </summary>
    public static IReadOnlyCollection<string> Apply<T>(
        Dictionary<string, T> held, IReadOnlyList<T>? given, IReadOnlyList<string>? removed, bool snapshot, Func<T, string> id)
    {
        HashSet<string> touched = [.. (given ?? []).Select(id)];
        string[] gone = [.. (snapshot ? (IEnumerable<string>)held.Keys : removed ?? []).Where(k => !touched.Contains(k) && held.ContainsKey(k))];
        foreach (T item in given ?? []) held[id(item)] = item;
        foreach (string key in gone) held.Remove(key);
        touched.UnionWith(gone);
        return touched;
    }
}
