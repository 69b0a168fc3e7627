using System.Runtime.InteropServices;
using Margay.Api.Selectors;

namespace Margay.CalcGraph.Nodes;

/// <summary>
/// Which selectors match which classes, kept up to date in both directions.
/// <code>
///   labels of a new class ──► LabelPair.Selectors, LabelKey.Selectors, selectors without requirement ──► ask these only
///   requirements of a new selector ──► LabelPair.Classes (of each value, for a key) ──► ask these only
/// </code>
/// It tells its listener before a match begins or ends and after, because sets must note what was while it still is.
/// </summary>
internal sealed class LabelIndex(IMatchListener listener)
{
    private readonly Dictionary<string, LabelKey> _keys = [];
    private readonly Dictionary<(string Key, string Value), LabelPair> _pairs = [];
    private readonly Dictionary<int[], LabelClass> _classes = new(IntArrayComparer.Instance);
    private readonly Dictionary<(string? Network, string Canonical), SelectorNode> _selectors = [];
    private readonly List<SelectorNode> _unrestricted = [];
    private readonly HashSet<string> _mentioned = [];
    private readonly Dictionary<string, int> _names = [];
    private readonly Dictionary<string, HashSet<LabelClass>> _byNamespace = [];
    private readonly Dictionary<string, HashSet<LabelClass>> _byProfile = [];
    private readonly Dictionary<string, IReadOnlyDictionary<string, string>> _namespaceLabels = [];
    private readonly Dictionary<string, IReadOnlyDictionary<string, string>> _profileLabels = [];
    private readonly List<int> _scratch = [];
    private readonly List<LabelPair> _ownScratch = [];
    private int _nextPairId;
    private long _search;

    public int ClassCount => _classes.Count;

    // ---- classes -------------------------------------------------------------------------------------------------------------

    /// <summary>The class for an identity and labels, made when it is new. The caller adds a member, or gives it back with <see cref="ReleaseIfEmpty"/>.</summary>
    /// <param name="identity">What besides labels tells things apart.</param>
    /// <param name="labels">Own labels, key and value in turn.</param>
    public LabelClass Acquire(in ClassIdentity identity, string[] labels)
    {
        LabelPair[] own = OwnPairs(labels);
        ReadOnlySpan<int> key = KeyOf(identity, own);
        if (_classes.GetAlternateLookup<ReadOnlySpan<int>>().TryGetValue(key, out LabelClass? existing)) return existing;

        LabelClass created = new(key.ToArray(), identity) { Own = own };
        _classes.Add(created.Key, created);
        if (created.Namespace is { } ns) Add(_byNamespace, ns, created);
        foreach (string profile in created.Profiles) Add(_byProfile, profile, created);
        Relabel(created);
        return created;
    }

    public void ReleaseIfEmpty(LabelClass c)
    {
        if (c.Members.Count > 0) return;
        foreach (SelectorNode selector in c.Matches) selector.Classes.Remove(c);
        c.Matches = [];
        LabelPair[] labels = c.Effective;
        Unlist(c);
        _classes.Remove(c.Key);
        if (c.Namespace is { } ns) Remove(_byNamespace, ns, c);
        foreach (string profile in c.Profiles) Remove(_byProfile, profile, c);
        foreach (LabelPair pair in labels) DropIfUnused(pair);
    }

    /// <summary>The labels of a namespace, or null when it is gone.</summary>
    public void SetNamespaceLabels(string ns, IReadOnlyDictionary<string, string>? labels) => SetInherited(_namespaceLabels, _byNamespace, ns, labels);

    /// <summary>The labels that a profile gives, or null when it is gone.</summary>
    public void SetProfileLabels(string profile, IReadOnlyDictionary<string, string>? labels) => SetInherited(_profileLabels, _byProfile, profile, labels);

    private void SetInherited(
        Dictionary<string, IReadOnlyDictionary<string, string>> table, Dictionary<string, HashSet<LabelClass>> users, string name,
        IReadOnlyDictionary<string, string>? labels)
    {
        if (SameLabels(table.GetValueOrDefault(name), labels)) return;
        if (labels is { Count: > 0 }) table[name] = labels;
        else table.Remove(name);
        if (!users.TryGetValue(name, out HashSet<LabelClass>? classes)) return;
        foreach (LabelClass c in classes) Relabel(c);
    }

    /// <summary>Works out the effective labels of a class anew, and with them what matches.</summary>
    private void Relabel(LabelClass c)
    {
        LabelPair[] before = c.Effective;
        List<(LabelKey Key, string Value)> labels = EffectiveLabels(c);
        Unlist(c);
        c.Effective = [.. labels.Select(l => Pair(l.Key.Name, l.Value))];
        c.Slots = new int[c.Effective.Length];
        for (int i = 0; i < c.Effective.Length; i++)
        {
            c.Slots[i] = c.Effective[i].Classes.Count;
            c.Effective[i].Classes.Add(c);
            c.Effective[i].Key.ClassCount++;
        }
        // Only now: a pair that stays must keep its number, which is part of the class's key.
        foreach (LabelPair pair in before) DropIfUnused(pair);
        Rematch(c);
    }

    private void Rematch(LabelClass c)
    {
        List<SelectorNode> now = [];
        _search++;
        foreach (LabelPair pair in c.Effective)
        {
            Ask(pair.Selectors, c, now);
            Ask(pair.Key.Selectors, c, now);
        }
        Ask(_unrestricted, c, now);

        SelectorNode[] before = c.Matches;
        if (before.Length == 0)
        {
            if (now.Count > 0) Change(c, [.. now], ended: [], begun: now);
            return;
        }
        HashSet<SelectorNode> was = [.. before];
        List<SelectorNode> begun = now.FindAll(s => !was.Contains(s));
        was.ExceptWith(now);
        if (begun.Count > 0 || was.Count > 0) Change(c, [.. now], ended: [.. was], begun);
    }

    private void Ask(List<SelectorNode> candidates, LabelClass c, List<SelectorNode> matching)
    {
        foreach (SelectorNode selector in candidates)
        {
            if (selector.Visited == _search) continue;
            selector.Visited = _search;
            if (selector.Matches(c)) matching.Add(selector);
        }
    }

    private void Change(LabelClass c, SelectorNode[] matches, List<SelectorNode> ended, List<SelectorNode> begun)
    {
        foreach (SelectorNode selector in ended) listener.BeforeMatchChange(selector, c);
        foreach (SelectorNode selector in begun) listener.BeforeMatchChange(selector, c);
        c.Matches = matches;
        foreach (SelectorNode selector in ended) selector.Classes.Remove(c);
        foreach (SelectorNode selector in begun) selector.Classes.Add(c);
        foreach (SelectorNode selector in ended) listener.AfterMatchChange(selector, c, matches: false);
        foreach (SelectorNode selector in begun) listener.AfterMatchChange(selector, c, matches: true);
    }

    /// <summary>
    /// Says that selectors mention these keys from now on. Returns those that none did before: the caller then gives each thing that has such a label the class that it
    /// now belongs to, before any such selector is acquired.
    /// </summary>
    public List<string> Mention(IEnumerable<string> keys) => [.. keys.Where(k => !DerivedLabels.IsReserved(k) && _mentioned.Add(k))];

    // ---- selectors -----------------------------------------------------------------------------------------------------------

    /// <summary>The node of a selector, made when it is new. The caller adds its use to the node, or gives it back with <see cref="ReleaseIfUnused"/>.</summary>
    public SelectorNode Acquire(string? network, Selector selector)
    {
        ref SelectorNode? node = ref CollectionsMarshal.GetValueRefOrAddDefault(_selectors, (network, selector.Canonical), out bool exists);
        if (exists) return node!;
        SelectorNode created = node = new SelectorNode(network, selector) { Requirements = SelectorRequirements.Find(selector.Root, CountOf) };
        foreach (List<SelectorNode> list in Shelves(created)) list.Add(created);
        foreach (LabelClass c in Candidates(created))
        {
            if (created.Matches(c) && created.Classes.Add(c)) c.Matches = [.. c.Matches, created];
        }
        return created;
    }

    public void ReleaseIfUnused(SelectorNode selector)
    {
        if (!selector.IsUnused || !_selectors.Remove((selector.Network, selector.Selector.Canonical))) return;
        foreach (LabelClass c in selector.Classes) c.Matches = Array.FindAll(c.Matches, s => s != selector);
        selector.Classes.Clear();
        foreach (List<SelectorNode> list in Shelves(selector)) list.Remove(selector);
        foreach (Requirement r in selector.Requirements ?? [])
        {
            if (r.Value is not null && _pairs.TryGetValue((r.Key, r.Value), out LabelPair? pair)) DropIfUnused(pair);
        }
    }

    /// <summary>The lists in which the selector stands, by its requirements.</summary>
    private IEnumerable<List<SelectorNode>> Shelves(SelectorNode selector) =>
        selector.Requirements is null
            ? [_unrestricted]
            : selector.Requirements.Select(r => r.Value is null ? Key(r.Key).Selectors : Pair(r.Key, r.Value).Selectors);

    private IEnumerable<LabelClass> Candidates(SelectorNode selector) =>
        selector.Requirements is null
            ? _classes.Values
            : selector.Requirements.SelectMany(r => r.Value is null ? Key(r.Key).Pairs.SelectMany(p => p.Classes) : Pair(r.Key, r.Value).Classes);

    private int CountOf(Requirement r)
    {
        if (r.Value is null) return _keys.TryGetValue(r.Key, out LabelKey? key) ? key.ClassCount + key.Selectors.Count : 0;
        return _pairs.TryGetValue((r.Key, r.Value), out LabelPair? pair) ? pair.Classes.Count + pair.Selectors.Count : 0;
    }

    // ---- labels --------------------------------------------------------------------------------------------------------------

    private LabelPair[] OwnPairs(string[] labels)
    {
        _ownScratch.Clear();
        for (int i = 0; i < labels.Length; i += 2)
        {
            // What stands for namespace and service account cannot be claimed by a label of one's own.
            if (_mentioned.Contains(labels[i]) && !DerivedLabels.IsReserved(labels[i])) _ownScratch.Add(Pair(labels[i], labels[i + 1]));
        }
        _ownScratch.Sort(static (a, b) => a.Id.CompareTo(b.Id));
        return [.. _ownScratch];
    }

    private ReadOnlySpan<int> KeyOf(in ClassIdentity identity, LabelPair[] own)
    {
        _scratch.Clear();
        _scratch.Add(NumberOf(identity.Network));
        _scratch.Add(NumberOf(identity.Namespace));
        _scratch.Add(NumberOf(identity.ServiceAccount));
        _scratch.Add(NumberOf(identity.Orchestrator));
        _scratch.Add(NumberOf(identity.Service));
        _scratch.Add(identity.Profiles.Count);
        foreach (string profile in identity.Profiles) _scratch.Add(NumberOf(profile));
        foreach (LabelPair pair in own) _scratch.Add(pair.Id);
        return CollectionsMarshal.AsSpan(_scratch);
    }

    /// <summary>Numbers for names of networks, namespaces, service accounts and profiles: few, and kept for good.</summary>
    private int NumberOf(string? name)
    {
        if (name is null) return -1;
        ref int number = ref CollectionsMarshal.GetValueRefOrAddDefault(_names, name, out bool exists);
        if (!exists) number = _names.Count;
        return number;
    }

    /// <summary>Derived labels first, then own, then those of profiles in their order: the first with a key wins.</summary>
    private List<(LabelKey Key, string Value)> EffectiveLabels(LabelClass c)
    {
        List<(LabelKey Key, string Value)> labels = [];
        foreach ((string key, string value) in DerivedLabels.Of(c, c.Namespace is null ? null : _namespaceLabels.GetValueOrDefault(c.Namespace)))
            AddLabel(key, value);
        foreach (LabelPair pair in c.Own) AddLabel(pair.Key.Name, pair.Value);
        foreach (string profile in c.Profiles)
        {
            if (!_profileLabels.TryGetValue(profile, out IReadOnlyDictionary<string, string>? inherited)) continue;
            foreach ((string key, string value) in inherited) AddLabel(key, value);
        }
        return labels;

        void AddLabel(string name, string value)
        {
            LabelKey key = Key(name);
            foreach ((LabelKey existing, _) in labels)
            {
                if (existing == key) return;
            }
            labels.Add((key, value));
        }
    }

    private LabelKey Key(string name)
    {
        ref LabelKey? key = ref CollectionsMarshal.GetValueRefOrAddDefault(_keys, name, out _);
        return key ??= new LabelKey(name);
    }

    private LabelPair Pair(string name, string value)
    {
        ref LabelPair? pair = ref CollectionsMarshal.GetValueRefOrAddDefault(_pairs, (name, value), out bool exists);
        if (exists) return pair!;
        LabelKey key = Key(name);
        pair = new LabelPair(key, value, _nextPairId++) { Slot = key.Pairs.Count };
        key.Pairs.Add(pair);
        return pair;
    }

    /// <summary>Takes the class out of the lists of its labels. Labels that this leaves unused are the caller's to drop.</summary>
    private void Unlist(LabelClass c)
    {
        for (int i = 0; i < c.Effective.Length; i++)
        {
            List<LabelClass> list = c.Effective[i].Classes;
            int slot = c.Slots[i];
            LabelClass last = list[^1];
            list[slot] = last;
            list.RemoveAt(list.Count - 1);
            if (last != c) last.Slots[Array.IndexOf(last.Effective, c.Effective[i])] = slot;
            c.Effective[i].Key.ClassCount--;
        }
        c.Effective = [];
        c.Slots = [];
    }

    private void DropIfUnused(LabelPair pair)
    {
        if (!pair.IsUnused || !_pairs.Remove((pair.Key.Name, pair.Value))) return;
        LabelPair last = pair.Key.Pairs[^1];
        pair.Key.Pairs[pair.Slot] = last;
        last.Slot = pair.Slot;
        pair.Key.Pairs.RemoveAt(pair.Key.Pairs.Count - 1);
        if (pair.Key.Pairs.Count == 0 && pair.Key.Selectors.Count == 0) _keys.Remove(pair.Key.Name);
    }

    private static bool SameLabels(IReadOnlyDictionary<string, string>? a, IReadOnlyDictionary<string, string>? b)
    {
        if ((a?.Count ?? 0) != (b?.Count ?? 0)) return false;
        return a is null || a.All(l => b!.TryGetValue(l.Key, out string? value) && value == l.Value);
    }

    private static void Add(Dictionary<string, HashSet<LabelClass>> table, string name, LabelClass c)
    {
        ref HashSet<LabelClass>? set = ref CollectionsMarshal.GetValueRefOrAddDefault(table, name, out _);
        (set ??= []).Add(c);
    }

    private static void Remove(Dictionary<string, HashSet<LabelClass>> table, string name, LabelClass c)
    {
        if (table.TryGetValue(name, out HashSet<LabelClass>? set) && set.Remove(c) && set.Count == 0) table.Remove(name);
    }
}
