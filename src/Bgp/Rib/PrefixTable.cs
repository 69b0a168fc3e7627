using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Margay.Bgp.Wire;

namespace Margay.Bgp.Rib;

/// <summary>
/// The prefixes of one family: key to a small number (index) by hashing, index to key. Keys have a fixed number of 64-bit words per family,
/// zero-padded. Structure of arrays, so that half a million routes are tens of megabytes. Owned by the speaker's loop.
/// </summary>
internal sealed class PrefixTable(int family)
{
    private readonly ulong _seed = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8));
    private readonly int _words = NlriCodec.KeyWords(family);
    private readonly ChunkedArray<ulong> _keys = new();
    private readonly ChunkedArray<int> _next = new();
    private int[] _buckets = NewBuckets(256);
    private int _free = -1;

    internal int Family { get; } = family;

    /// <summary>Prefixes in the table.</summary>
    internal int Count { get; private set; }

    /// <summary>All indexes are below this.</summary>
    internal int IndexLimit => _next.Length;

    internal int KeySize => 8 * _words;

    private static int[] NewBuckets(int size)
    {
        int[] buckets = new int[size];
        Array.Fill(buckets, -1);
        return buckets;
    }

    /// <summary>-1 if the key is not there. The key has <see cref="KeySize"/> octets.</summary>
    internal int Find(ReadOnlySpan<byte> key)
    {
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(key)[.._words];
        for (int i = _buckets[Bucket(words)]; i >= 0; i = _next[i])
        {
            if (KeyEquals(i, words)) return i;
        }
        return -1;
    }

    internal int FindOrAdd(ReadOnlySpan<byte> key)
    {
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(key)[.._words];
        int bucket = Bucket(words);
        for (int i = _buckets[bucket]; i >= 0; i = _next[i])
        {
            if (KeyEquals(i, words)) return i;
        }
        if (Count >= _buckets.Length)
        {
            Grow();
            bucket = Bucket(words);
        }
        int index = _free;
        if (index >= 0) _free = _next[index];
        else index = _next.Add();
        _keys.EnsureLength((index + 1) * _words);
        for (int w = 0; w < _words; w++) _keys[index * _words + w] = words[w];
        _next[index] = _buckets[bucket];
        _buckets[bucket] = index;
        Count++;
        return index;
    }

    internal void Remove(int index)
    {
        Span<ulong> words = stackalloc ulong[5];
        CopyWords(index, words);
        ref int link = ref _buckets[Bucket(words[.._words])];
        while (link != index) link = ref _next[link];
        link = _next[index];
        _next[index] = _free;
        _free = index;
        Count--;
    }

    /// <summary>Copies the key into <paramref name="destination"/> (40 octets) and returns its significant length.</summary>
    internal int CopyKey(int index, Span<byte> destination)
    {
        CopyWords(index, MemoryMarshal.Cast<byte, ulong>(destination));
        return NlriCodec.KeyLength(Family, destination);
    }

    private void CopyWords(int index, Span<ulong> words)
    {
        int at = index * _words;
        for (int w = 0; w < _words; w++) words[w] = _keys[at + w];
    }

    private bool KeyEquals(int index, ReadOnlySpan<ulong> words)
    {
        int at = index * _words;
        for (int w = 0; w < _words; w++)
        {
            if (_keys[at + w] != words[w]) return false;
        }
        return true;
    }

    private int Bucket(ReadOnlySpan<ulong> words)
    {
        ulong h = _seed;
        foreach (ulong w in words) h = ByteHash.Mix(h, w);
        return (int)(h ^ h >> 32) & (_buckets.Length - 1);
    }

    private void Grow()
    {
        int[] old = _buckets;
        _buckets = NewBuckets(2 * old.Length);
        Span<ulong> words = stackalloc ulong[5];
        foreach (int head in old)
        {
            for (int i = head; i >= 0;)
            {
                int next = _next[i];
                CopyWords(i, words);
                int bucket = Bucket(words[.._words]);
                _next[i] = _buckets[bucket];
                _buckets[bucket] = i;
                i = next;
            }
        }
    }
}
