namespace Margay.CalcGraph.Nodes;

/// <summary>The numbers of some subscribed nodes, in no order.</summary>
internal struct NodeSet
{
    private int[]? _numbers;

    public int Count { get; private set; }

    public readonly ReadOnlySpan<int> Numbers => _numbers.AsSpan(0, Count);

    /// <summary>Adds a node that is not there yet.</summary>
    public void Add(int node)
    {
        // By a quarter, not to twice the length: with thousands of nodes what is free here would outweigh what is used.
        if (_numbers is null || Count == _numbers.Length) Array.Resize(ref _numbers, Count + (Count / 4) + 2);
        _numbers[Count++] = node;
    }

    public void Remove(int node)
    {
        int index = Numbers.IndexOf(node);
        if (index < 0) return;
        _numbers![index] = _numbers[--Count];
        if (Count == 0) _numbers = null;
    }
}
