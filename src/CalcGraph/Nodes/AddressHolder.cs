namespace Margay.CalcGraph.Nodes;

/// <summary>Something with labels and addresses: an endpoint or a network set. Owned by <see cref="AddressTable"/>.</summary>
internal class AddressHolder
{
    public required LabelClass Class { get; set; }

    /// <summary>Where it stands in <see cref="LabelClass.Members"/>.</summary>
    public int Slot { get; set; }

    /// <summary>Its own labels, key and value in turn: all of them, because a selector to come may mention any.</summary>
    public required string[] Labels { get; set; }

    public required MemberKey[] Addresses { get; set; }
    public NamedPort[] Ports { get; set; } = [];

    public bool HasLabel(string key)
    {
        for (int i = 0; i < Labels.Length; i += 2)
        {
            if (Labels[i] == key) return true;
        }
        return false;
    }
}

internal readonly record struct NamedPort(string Name, byte Protocol, ushort Port);
