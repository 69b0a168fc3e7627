using Margay.Api.Resources;
using Margay.Core.Net;

namespace Margay.CalcGraph.Nodes;

/// <summary>Network sets, namespaced and global: labelled lists of prefixes that selectors find like endpoints.</summary>
internal sealed class NetworkSetCalculator(LabelIndex labels, AddressTable table)
{
    private readonly Dictionary<ObjectKey, AddressHolder> _sets = [];

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
        LabelClass c = labels.Acquire(new ClassIdentity(Network: null, key.Namespace, ServiceAccount: null, Profiles: [], ownLabels));
        if (_sets.TryGetValue(key, out AddressHolder? existing))
        {
            if (existing.Class != c || !existing.Addresses.AsSpan().SequenceEqual(addresses)) table.Change(existing, c, addresses, []);
            return;
        }
        _sets[key] = existing = new AddressHolder { Class = c, Addresses = addresses };
        table.Add(existing);
    }

    public void Remove(ObjectKey key)
    {
        if (_sets.Remove(key, out AddressHolder? holder)) table.Remove(holder);
    }
}
