using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Margay.Netlink.Sockets;

/// <summary>
/// One or more netlink messages, ready to be sent in one call. Owns its memory: whoever made it disposes it, once;
/// pass it by <c>ref</c>, never copy it. Sequence numbers are given at sending.
/// <code>
/// MessageBuffer buffer = new();
/// MessageWriter message = buffer.Begin(RTM_NEWLINK, NLM_F_CREATE);
/// message.Header(new IfInfoMsg());
/// message.String(IFLA_IFNAME, "br0");
/// message.End();
/// </code>
/// </summary>
public unsafe struct MessageBuffer : IDisposable
{
    private const int InitialCapacity = 4096;

    /// <summary>More than this is given back when it has been sent: the transaction that brings a whole host up is some megabytes, those after it some hundred bytes.</summary>
    private const int MaxKept = 256 << 10;

    // Not the collector's: arrays of this size, each twice the one before, made it collect everything in the middle of a large transaction. The C library grows a large
    // block by moving pages, not bytes.
    private byte* _memory;
    private int _capacity;

    /// <summary>Bytes written.</summary>
    public int Length { readonly get; private set; }

    /// <summary>Messages begun.</summary>
    public int Count { readonly get; private set; }

    public readonly Span<byte> Written => new(_memory, Length);

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

    /// <summary>Forgets all messages and keeps the memory, unless it is much.</summary>
    public void Clear()
    {
        Length = Count = 0;
        if (_capacity > MaxKept) Dispose();
    }

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
        if (_capacity - at < count) Grow(count);
        Length = at + count;
        return new Span<byte>(_memory + at, count);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Grow(int count)
    {
        int capacity = Math.Max(InitialCapacity, Math.Max(checked(Length + count), (int)Math.Min(2L * _capacity, Array.MaxLength)));
        _memory = (byte*)NativeMemory.Realloc(_memory, (nuint)capacity);
        _capacity = capacity;
    }

    public void Dispose()
    {
        NativeMemory.Free(_memory);
        this = default;
    }
}
