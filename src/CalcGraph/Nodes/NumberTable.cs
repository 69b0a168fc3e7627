using System.Runtime.CompilerServices;

namespace Margay.CalcGraph.Nodes;

/// <summary>
/// A count for each of some numbers: open addressing with linear probing, 8 octets for a place. A node needs thousands of policies and sets, and there are thousands of
/// nodes: what an entry costs here is what most of a large graph costs.
/// </summary>
internal sealed class NumberTable
{
    /// <summary>Key 0 is a free place; otherwise the number plus one.</summary>
    private struct Place
    {
        public int Key;
        public int Value;
    }

    private Place[] _places = [];

    public int Count { get; private set; }

    /// <summary>The value of a number, entered as 0 when it was not there. Good until the next addition or removal.</summary>
    public ref int GetOrAdd(int number, out bool exists)
    {
        if (Room(Count + 1) > _places.Length) Resize(2 * Room(Count + 1));
        ref Place place = ref _places[Search(number)];
        exists = place.Key != 0;
        if (!exists)
        {
            place.Key = number + 1;
            Count++;
        }
        return ref place.Value;
    }

    /// <summary>The value of a number, or a null reference.</summary>
    public ref int Find(int number)
    {
        if (Count == 0) return ref Unsafe.NullRef<int>();
        ref Place place = ref _places[Search(number)];
        return ref place.Key == 0 ? ref Unsafe.NullRef<int>() : ref place.Value;
    }

    public void Remove(int number)
    {
        if (Count == 0) return;
        int free = Search(number);
        if (_places[free].Key == 0) return;
        Count--;
        // Those behind that would not be found across a free place move up.
        for (int next = After(free); _places[next].Key != 0; next = After(next))
        {
            int home = Home(_places[next].Key - 1);
            bool staysFindable = free <= next ? home > free && home <= next : home > free || home <= next;
            if (staysFindable) continue;
            _places[free] = _places[next];
            free = next;
        }
        _places[free] = default;
    }

    public void TrimExcess()
    {
        if (Room(Count) < _places.Length) Resize(Room(Count));
    }

    public void Clear() => (_places, Count) = ([], 0);

    public IEnumerable<(int Number, int Value)> Entries
    {
        get
        {
            foreach (Place place in _places)
            {
                if (place.Key != 0) yield return (place.Key - 1, place.Value);
            }
        }
    }

    /// <summary>Places for so many entries: one in six stays free, or searches grow long.</summary>
    private static int Room(int count) => count + (count / 5) + 2;

    private void Resize(int length)
    {
        Place[] before = _places;
        _places = new Place[length];
        foreach (Place place in before)
        {
            if (place.Key != 0) _places[Search(place.Key - 1)] = place;
        }
    }

    /// <summary>The place of a number, or the free one where it would stand.</summary>
    private int Search(int number)
    {
        int index = Home(number);
        while (_places[index].Key != 0 && _places[index].Key != number + 1) index = After(index);
        return index;
    }

    /// <summary>Scatters numbers over a length that need not be a power of two, so that a table can be as long as it has to be.</summary>
    private int Home(int number) => (int)((ulong)((uint)number * 0x9E3779B9u) * (uint)_places.Length >> 32);

    private int After(int index) => index + 1 == _places.Length ? 0 : index + 1;
}
