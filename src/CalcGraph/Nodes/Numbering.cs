using System.Diagnostics;

namespace Margay.CalcGraph.Nodes;

/// <summary>Small numbers for objects while they are in use, so that tables hold 4 octets instead of a reference. A number is given again after it was returned.</summary>
internal sealed class Numbering<T>
    where T : class
{
    private readonly List<T?> _items = [];
    private readonly Stack<int> _free = [];

    public T this[int number] => _items[number] ?? throw new UnreachableException($"{typeof(T).Name} {number} is not in use");

    public int Add(T item)
    {
        if (!_free.TryPop(out int number))
        {
            number = _items.Count;
            _items.Add(null);
        }
        _items[number] = item;
        return number;
    }

    public void Return(int number)
    {
        _items[number] = null;
        _free.Push(number);
    }
}
