using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Margay.Netlink.Sockets;

/// <summary>
/// One or more netlink messages in pooled memory, ready to be sent in one call. Owns its array: whoever made it disposes it, once;
/// pass it by <c>ref</c>, never copy it. Sequence numbers are given at sending.
/// <code>
/// MessageBuffer buffer = new();
/// MessageWriter message = buffer.Begin(RTM_NEWLINK, NLM_F_CREATE);
/// message.Header(new IfInfoMsg());
/// message.String(IFLA_IFNAME, "br0");
/// message.End();
/// </code>
/// </summary>
public struct MessageBuffer : IDisposable
{
    private const int InitialCapacity = 4096;
    private byte[]? _array;

    /// <summary>Bytes written.</summary>
    public int Length { readonly get; private set; }

    /// <summary>Messages begun.</summary>
    public int Count { readonly get; private set; }

    public readonly Span<byte> Written => _array.AsSpan(0, Length);

    /// <summary>Starts a message; <c>NLM_F_REQUEST</c> is added to the flags. End it before beginning the next.</summary>
    [UnscopedRef]
    public MessageWriter Begin(ushort type, int flags)
    {
        int start = Length;
        NetlinkHeader header = new() { Type = type, Flags = (ushort)(flags | Constants.LinuxNetlink.NLM_F_REQUEST) };
        MemoryMarshal.Write(Reserve(NetlinkHeader.Size), header);
        Count++;
        return new MessageWriter(ref this, start);
    }

    /// <summary>Forgets all messages and keeps the memory.</summary>
    public void Clear() => Length = Count = 0;

    /// <summary>Forgets what was written after <paramref name="length"/>, where <paramref name="count"/> messages had been begun.</summary>
    internal void Truncate(int length, int count)
    {
        Length = length;
        Count = count;
    }

    /// <summary>The next <paramref name="count"/> bytes; their content is undefined.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Span<byte> Reserve(int count)
    {
        int at = Length;
        if (_array is null || _array.Length - at < count) Grow(count);
        Length = at + count;
        return MemoryMarshal.CreateSpan(ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_array!), at), count);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Grow(int count)
    {
        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(InitialCapacity, Math.Max(Length + count, 2 * Length)));
        if (_array is not null)
        {
            _array.AsSpan(0, Length).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_array);
        }
        _array = larger;
    }

    public void Dispose()
    {
        if (_array is not null) ArrayPool<byte>.Shared.Return(_array);
        this = default;
    }
}
