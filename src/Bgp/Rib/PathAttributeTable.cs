using System.Security.Cryptography;
using Margay.Bgp.Wire;

namespace Margay.Bgp.Rib;

/// <summary>
/// Interned path attributes: equal attributes have one object and one small number (id), which is what paths and tables hold. Counted
/// references: an id lives as long as somebody holds it. Id 0 is "none". Owned by the speaker's loop.
/// </summary>
internal sealed class PathAttributeTable
{
    private readonly ulong _seed = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8));
    private PathAttributes?[] _byId = new PathAttributes?[256];
    private int[] _references = new int[256];
    private int[] _next = new int[256];
    private int[] _hash = new int[256];
    private int[] _buckets = new int[256];
    private int _used = 1;
    private int _free;

    /// <summary>How many different attribute sets are held.</summary>
    internal int Count { get; private set; }

    /// <summary>All ids are below this.</summary>
    internal int IdLimit => _used;

    internal PathAttributes this[int id] => _byId[id]!;

    /// <summary>The id of these bytes (layout of <see cref="PathAttributes"/>), with one reference for the caller.</summary>
    internal int Intern(ReadOnlySpan<byte> bytes) => Intern(bytes, null);

    internal int Intern(PathAttributes attributes) => Intern(attributes.Bytes, attributes);

    private int Intern(ReadOnlySpan<byte> bytes, PathAttributes? known)
    {
        int hash = ByteHash.Of(bytes, _seed);
        for (int id = _buckets[hash & (_buckets.Length - 1)]; id != 0; id = _next[id])
        {
            if (_hash[id] != hash || !_byId[id]!.Bytes.SequenceEqual(bytes)) continue;
            _references[id]++;
            return id;
        }
        return Add(known ?? new PathAttributes(bytes.ToArray()), hash);
    }

    private int Add(PathAttributes attributes, int hash)
    {
        int id = _free;
        if (id != 0)
        {
            _free = _next[id];
        }
        else
        {
            if (_used == _byId.Length) Grow();
            id = _used++;
        }
        int bucket = hash & (_buckets.Length - 1);
        _byId[id] = attributes;
        _references[id] = 1;
        _hash[id] = hash;
        _next[id] = _buckets[bucket];
        _buckets[bucket] = id;
        Count++;
        return id;
    }

    internal void AddReference(int id) => _references[id]++;

    internal void Release(int id)
    {
        if (id == 0 || --_references[id] > 0) return;
        ref int link = ref _buckets[_hash[id] & (_buckets.Length - 1)];
        while (link != id) link = ref _next[link];
        link = _next[id];
        _byId[id] = null;
        _next[id] = _free;
        _free = id;
        Count--;
    }

    private void Grow()
    {
        int size = 2 * _byId.Length;
        Array.Resize(ref _byId, size);
        Array.Resize(ref _references, size);
        Array.Resize(ref _next, size);
        Array.Resize(ref _hash, size);
        // Everything is in use when the arrays are full, so that no free list has to be kept.
        _buckets = new int[size];
        for (int id = 1; id < _used; id++)
        {
            int bucket = _hash[id] & (size - 1);
            _next[id] = _buckets[bucket];
            _buckets[bucket] = id;
        }
    }
}
