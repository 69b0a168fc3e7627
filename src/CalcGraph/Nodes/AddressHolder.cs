namespace Margay.CalcGraph.Nodes;

/// <summary>Something with labels and addresses: an endpoint or a network set. Owned by <see cref="AddressTable"/>.</summary>
internal class AddressHolder
{
    public required LabelClass Class { get; set; }

    /// <summary>Where it stands in <see cref="LabelClass.Members"/>.</summary>
    public int Slot { get; set; }

    public required MemberKey[] Addresses { get; set; }
    public NamedPort[] Ports { get; set; } = [];
}

internal readonly record struct NamedPort(string Name, byte Protocol, ushort Port);
