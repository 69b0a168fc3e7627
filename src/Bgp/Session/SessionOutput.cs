using Margay.Bgp.Rib;
using Margay.Bgp.Transport;
using Margay.Bgp.Wire;

namespace Margay.Bgp.Session;

/// <summary>What became of an attempt to send.</summary>
internal enum SendOutcome
{
    /// <summary>All is sent.</summary>
    Idle,

    /// <summary>The peer has to read first.</summary>
    Blocked,

    /// <summary>There is more, but it is others' turn.</summary>
    More,

    /// <summary>The connection failed.</summary>
    Failed,
}

/// <summary>
/// The sending side of a session: control messages first, then updates from the logs of its update groups, gathered into large writes. Messages are never
/// torn: the rest of one that was sent in part goes before all else. Owned by the speaker's loop.
/// </summary>
internal sealed class SessionOutput(IConnection connection)
{
    private const int WriteSize = 256 << 10;
    private const int TurnSize = 1 << 20;

    private readonly Queue<byte[]> _control = new();
    private readonly List<GroupMember> _members = [];
    private byte[] _rest = [];
    private int _restLength;

    internal IReadOnlyList<GroupMember> Members => _members;
    internal long MessagesSent { get; private set; }
    internal long OctetsSent { get; private set; }

    /// <summary>Something waits for the peer to read.</summary>
    internal bool IsBlocked { get; private set; }

    internal void Add(GroupMember member) => _members.Add(member);
    internal void Remove(GroupMember member) => _members.Remove(member);

    /// <summary>Queues a message of its own, such as a KEEPALIVE.</summary>
    internal void Enqueue(byte[] message)
    {
        // Pinned, because the kernel reads it from where it lies.
        byte[] pinned = GC.AllocateUninitializedArray<byte>(message.Length, pinned: true);
        message.CopyTo(pinned, 0);
        _control.Enqueue(pinned);
        MessagesSent++;
    }

    /// <summary>Sends as much as the peer takes, within a fair turn. <paramref name="buffers"/> is scratch.</summary>
    internal SendOutcome Flush(ArraySegment<byte>[] buffers)
    {
        int turn = 0;
        while (turn < TurnSize)
        {
            int count = 0, size = 0;
            if (_restLength > 0) size += Offer(buffers, ref count, new ArraySegment<byte>(_rest, 0, _restLength));
            foreach (byte[] message in _control)
            {
                if (count == buffers.Length) break;
                size += Offer(buffers, ref count, message);
            }
            int members = 0;
            for (; members < _members.Count && count < buffers.Length && size < WriteSize; members++) size += _members[members].Fill(buffers, ref count, WriteSize - size);
            if (size == 0)
            {
                IsBlocked = false;
                return SendOutcome.Idle;
            }
            int written = connection.Write(buffers.AsSpan(0, count));
            if (written < 0) return SendOutcome.Failed;
            turn += written;
            OctetsSent += written;
            IsBlocked = written < size;
            Consume(written, members);
            if (IsBlocked) return SendOutcome.Blocked;
        }
        return SendOutcome.More;
    }

    private static int Offer(ArraySegment<byte>[] buffers, ref int count, ArraySegment<byte> buffer)
    {
        buffers[count++] = buffer;
        return buffer.Count;
    }

    private void Consume(int written, int members)
    {
        if (_restLength > 0)
        {
            int taken = Math.Min(written, _restLength);
            written -= taken;
            _rest.AsSpan(taken, _restLength - taken).CopyTo(_rest);
            _restLength -= taken;
        }
        while (written > 0 && _control.TryPeek(out byte[]? message))
        {
            _control.Dequeue();
            if (written < message.Length) Keep(message.AsSpan(written));
            written -= Math.Min(written, message.Length);
        }
        for (int i = 0; i < members && written > 0; i++)
        {
            ReadOnlySpan<byte> rest = _members[i].Advance(ref written);
            if (!rest.IsEmpty) Keep(rest);
        }
    }

    private void Keep(ReadOnlySpan<byte> rest)
    {
        if (_rest.Length < rest.Length) _rest = GC.AllocateUninitializedArray<byte>(Math.Max(rest.Length, MessageHeader.MaxMessage), pinned: true);
        rest.CopyTo(_rest);
        _restLength = rest.Length;
    }
}
