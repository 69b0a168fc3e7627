using Margay.Dataplane.Kernel;
using Margay.Netlink.Route;
using Margay.Netlink.Sockets;

namespace Margay.Dataplane.Drivers;

/// <summary>
/// Keeps the host sides of endpoints' links up and their sysctls set. It never makes or removes a link (<see cref="WorkloadLinks"/> does) and touches none that does
/// not bear its endpoint's mark. Owned by the dataplane's loop.
/// </summary>
public sealed class HostLinks(IKernel kernel)
{
    private readonly Dictionary<string, string> _wanted = [];
    private readonly Dictionary<string, int> _indexes = [];
    private readonly Dictionary<string, string> _refused = [];
    private readonly HashSet<string> _unchecked = [];
    private readonly HashSet<string> _settingsUnchecked = [];

    /// <summary>Links whose settings the kernel told with the link, as wanted: of those only the silent one is read, once.</summary>
    private readonly HashSet<string> _toldSet = [];
    private readonly HashSet<string> _silentChecked = [];

    /// <summary>Why a wanted link cannot be used, by name.</summary>
    public IReadOnlyDictionary<string, string> Refused => _refused;

    /// <summary>The index of a wanted link that is there and ours.</summary>
    public bool TryGetIndex(string name, out int index) => _indexes.TryGetValue(name, out index);

    public bool IsUsed(int index) => _indexes.ContainsValue(index);

    /// <summary>Whether a link of that name is wanted, or one with that index where only this is known.</summary>
    public bool IsWanted(string? name, int index) => name is null ? IsUsed(index) : _wanted.ContainsKey(name);

    public void Want(string name, string endpointId)
    {
        _wanted[name] = endpointId;
        _unchecked.Add(name);
        _settingsUnchecked.Add(name);
    }

    public void Unwant(string name)
    {
        _wanted.Remove(name);
        _indexes.Remove(name);
        _refused.Remove(name);
        _unchecked.Remove(name);
        _settingsUnchecked.Remove(name);
        _toldSet.Remove(name);
        _silentChecked.Remove(name);
    }

    /// <summary>Something happened to a link, or may have.</summary>
    public void OnChanged(string? name, int index)
    {
        name ??= _indexes.FirstOrDefault(e => e.Value == index).Key;
        if (name is null || !_wanted.ContainsKey(name)) return;
        _unchecked.Add(name);
        _settingsUnchecked.Add(name);
    }

    public void OnAllChanged()
    {
        _unchecked.UnionWith(_wanted.Keys);
        _settingsUnchecked.UnionWith(_wanted.Keys);
    }

    /// <summary>Looks at the links that may have changed, sets up those that are down, and returns the names whose index is another than before.</summary>
    public IReadOnlyList<string> Check(out bool ok)
    {
        ok = true;
        if (_unchecked.Count == 0) return [];
        List<string> moved = [];
        foreach (string name in _unchecked.ToArray())
        {
            int before = _indexes.GetValueOrDefault(name), now = 0;
            string? fault = Examine(name, out now);
            if (fault is null) _refused.Remove(name);
            else _refused[name] = fault;
            if (now == 0) _indexes.Remove(name);
            else _indexes[name] = now;
            if (now != before)
            {
                moved.Add(name);
                _silentChecked.Remove(name);
            }
            // A link that is not there is announced when it comes; anything else is worth asking again.
            if (fault is null || now == 0) _unchecked.Remove(name);
            else ok = false;
        }
        return moved;
    }

    /// <summary>Sets what differs of the sysctls of links that may have changed. Apart from <see cref="Check"/> because nothing waits for it.</summary>
    /// <returns>How many were changed, or -1 when one was refused.</returns>
    public int CheckSettings()
    {
        string[] names = [.. _settingsUnchecked.Where(n => _indexes.ContainsKey(n) && !(_toldSet.Contains(n) && _silentChecked.Contains(n)))];
        _settingsUnchecked.RemoveWhere(n => _toldSet.Contains(n) && _silentChecked.Contains(n));
        if (names.Length == 0) return 0;
        KeyValuePair<string, string>[][] wanted = [.. names.Select(n => _toldSet.Contains(n) ? [InterfaceSysctls.Silent(n)] : InterfaceSysctls.For(n).ToArray())];
        IReadOnlyList<NetlinkResult<string>> found = kernel.ReadSysctls([.. wanted.SelectMany(w => w.Select(s => s.Key))]);
        int changed = 0, at = 0;
        foreach ((string name, KeyValuePair<string, string>[] settings) in names.Zip(wanted))
        {
            bool done = true;
            foreach ((string key, string value) in settings)
            {
                NetlinkResult<string> read = found[at++];
                if (!read.Ok || read.Value == value) continue;
                NetlinkResult written = kernel.WriteSysctl(key, value);
                if (written.Ok) changed++;
                else done = written.IsNotFound;
            }
            if (!done) return -1;
            _settingsUnchecked.Remove(name);
            _silentChecked.Add(name);
        }
        return changed;
    }

    private string? Examine(string name, out int index)
    {
        index = 0;
        NetlinkResult<Link> found = kernel.GetLink(name);
        if (!found.Ok) return found.IsNotFound ? $"interface {name} is not there" : $"interface {name}: {found.Result}";
        Link link = found.Value;
        string mark = WorkloadLinks.AliasPrefix + _wanted[name];
        if (link.Alias != mark) return $"interface {name} is marked '{link.Alias}', not '{mark}': another program's link has this name";
        index = link.Index;
        if (link.Settings is { } settings && InterfaceSysctls.AreSet(settings)) _toldSet.Add(name);
        else _toldSet.Remove(name);
        if (link.IsUp) return null;
        NetlinkResult up = kernel.SetLinkUp(link.Index);
        return up.Ok ? null : $"set up {name}: {up}";
    }
}
