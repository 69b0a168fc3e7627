using Margay.Api.Resources;
using Margay.Core.Net;

namespace Margay.CalcGraph.Nodes;

/// <summary>Network sets, namespaced and global: labelled lists of prefixes that selectors find like endpoints.</summary>
internal sealed class NetworkSetCalculator(LabelIndex labels, AddressTable table)
{
    private readonly Dictionary<ObjectKey, AddressHolder> _sets = [];
    private readonly Dictionary<string, string> _keys = [];

    public void Set(ObjectKey key, NetworkSetSpec spec, IReadOnlyDictionary<string, string>? ownLabels)
    {
        List<MemberKey> prefixes = [];
        foreach (string net in spec.Nets ?? [])
        {
            if (!IpPrefix.TryParseWithHostBits(net, out _, out IpPrefix prefix))
            {
                Remove(key);
                return;
            }
            prefixes.Add(MemberKey.Of(prefix));
        }
        MemberKey[] addresses = [.. prefixes.Distinct()];
        string[] flat = EndpointCalculator.LabelsOf(ownLabels, _keys);
        LabelClass c = labels.Acquire(new ClassIdentity(Network: null, key.Namespace, ServiceAccount: null, Profiles: []), flat);
        if (_sets.TryGetValue(key, out AddressHolder? existing))
        {
            existing.Labels = flat;
            if (existing.Class != c || !existing.Addresses.AsSpan().SequenceEqual(addresses)) table.Change(existing, c, addresses, []);
            return;
        }
        _sets[key] = existing = new AddressHolder { Class = c, Labels = flat, Addresses = addresses };
        table.Add(existing);
    }

    /// <summary>Selectors have begun to mention a label: who has it may belong to another class now.</summary>
    public void Reclassify(string label)
    {
        foreach (AddressHolder set in _sets.Values.Where(s => s.HasLabel(label)))
        {
            LabelClass c = labels.Acquire(set.Class.Identity, set.Labels);
            if (c != set.Class) table.Change(set, c, set.Addresses, []);
        }
    }

    public void Remove(ObjectKey key)
    {
        if (_sets.Remove(key, out AddressHolder? holder)) table.Remove(holder);
    }
}
