namespace Margay.Bgp.Rib;

/// <summary>A growing array in chunks: growth copies nothing and leaves no garbage, and elements are handed out by reference.</summary>
internal sealed class ChunkedArray<T> where T : struct
{
    private const int Shift = 13;
    private const int Mask = (1 << Shift) - 1;

    private T[][] _chunks = new T[4][];
    private int _chunkCount;

    /// <summary>How many elements have been used; the caller raises it by <see cref="Add"/> or <see cref="EnsureLength"/>.</summary>
    internal int Length { get; private set; }

    internal ref T this[int index] => ref _chunks[index >> Shift][index & Mask];

    /// <summary>Index of a new zeroed element at the end.</summary>
    internal int Add()
    {
        EnsureLength(Length + 1);
        return Length - 1;
    }

    internal void EnsureLength(int length)
    {
        while (_chunkCount << Shift < length)
        {
            if (_chunkCount == _chunks.Length) Array.Resize(ref _chunks, 2 * _chunkCount);
            _chunks[_chunkCount++] = new T[1 << Shift];
        }
        if (length > Length) Length = length;
    }
}
