using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using static Margay.Netlink.Constants.LinuxNetlink;
using static Margay.Netlink.Sockets.NativeMethods;

namespace Margay.Netlink.Sockets;

/// <summary>
/// A raw AF_NETLINK socket: requests with acknowledgement, dumps, batches, multicast groups.
/// <code>
///   MessageBuffer (1..n messages) ── one send ──► kernel works through them, in order, before the call returns
///                                  ◄─ answers ──  data · NLMSG_DONE · NLMSG_ERROR (errno + extended ack) by sequence number
/// </code>
/// Only the last message of a request asks for an acknowledgement: the others answer when they fail. The kernel has answered when the send
/// returns, so nothing here waits, except a monitor. Strict checking is on: the kernel filters dumps and refuses what it does not know.
/// A socket belongs to the network namespace of the thread that opened it, for good (<c>NetworkNamespace.OpenSocket</c>).
/// Owned by one caller at a time: not thread-safe. Two notes for long-lived programs: a monitor needs its own socket; and closing an nf_tables
/// socket with destroy work pending waits 5–13 ms for the kernel, so keep one open per namespace.
/// </summary>
public sealed unsafe class NetlinkSocket : IDisposable
{
    // Larger than what the kernel puts into one datagram of a dump (32 KiB).
    private const int ReceiveSize = 64 << 10;

    private readonly NetlinkSocketOptions _options;
    private int _sendBuffer;
    private uint _sequence;

    private NetlinkSocket(NetlinkProtocol protocol, SafeFileHandle handle, NetlinkSocketOptions options)
    {
        Protocol = protocol;
        Handle = handle;
        _options = options;
    }

    public NetlinkProtocol Protocol { get; }

    /// <summary>The socket's address, given by the kernel: notifications of what this socket changed bear it (<see cref="NetlinkHeader.PortId"/>).</summary>
    public uint PortId { get; private set; }

    /// <summary>The descriptor, for poll and epoll.</summary>
    public SafeFileHandle Handle { get; }

    /// <summary>Opens a socket in the network namespace of the calling thread. <see cref="NetlinkException"/> if the process may not or has no descriptors left.</summary>
    public static NetlinkSocket Open(NetlinkProtocol protocol, NetlinkSocketOptions? options = null)
    {
        options ??= NetlinkSocketOptions.Default;
        SafeFileHandle handle = new(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, (int)protocol), ownsHandle: true);
        if (handle.IsInvalid) throw new NetlinkException(new NetlinkResult(LastError()), $"open a netlink socket for {protocol}");
        NetlinkSocket opened = new(protocol, handle, options);
        SockaddrNl address = new() { Family = AF_NETLINK };
        if (bind(handle, address, Marshal.SizeOf<SockaddrNl>()) != 0)
        {
            Errno error = LastError();
            handle.Dispose();
            throw new NetlinkException(new NetlinkResult(error), "bind a netlink socket");
        }
        int length = Marshal.SizeOf<SockaddrNl>();
        if (getsockname(handle, ref address, ref length) == 0) opened.PortId = address.Pid;
        opened.Option(SOL_NETLINK, NETLINK_EXT_ACK, 1);
        opened.Option(SOL_NETLINK, NETLINK_CAP_ACK, 1);
        if (protocol == NetlinkProtocol.Route) opened.Option(SOL_NETLINK, NETLINK_GET_STRICT_CHK, 1);
        opened.BufferSize(SO_RCVBUFFORCE, SO_RCVBUF, options.ReceiveBufferSize);
        opened.GrowSendBuffer(options.SendBufferSize);
        return opened;
    }

    /// <summary>Joins a multicast group (RTNLGRP_*, NFNLGRP_*).</summary>
    public NetlinkResult Subscribe(int group) =>
        setsockopt(Handle, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group, sizeof(int)) == 0 ? default : new NetlinkResult(LastError());

    /// <summary>
    /// Notifications of what the socket with this port did are not delivered here any more: the kernel drops them, so that they cost neither a copy nor a wake-up. A datagram is judged by its first message;
    /// all of one are by the same sender.
    /// </summary>
    internal NetlinkResult IgnoreSender(uint port)
    {
        const ushort LoadWord = 0x20, JumpIfEqual = 0x15, Return = 0x06; // BPF_LD | BPF_W | BPF_ABS, BPF_JMP | BPF_JEQ | BPF_K, BPF_RET | BPF_K
        // The filter loads in network order, the header is in the host's.
        uint asLoaded = BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(port) : port;
        SockFilter* program = stackalloc SockFilter[]
        {
            new(LoadWord, 0, 0, NetlinkHeader.PortIdOffset), new(JumpIfEqual, 0, 1, asLoaded), new(Return, 0, 0, 0), new(Return, 0, 0, uint.MaxValue),
        };
        SockFprog filter = new() { Length = 4, Program = program };
        return setsockopt(Handle, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(SockFprog)) == 0 ? default : new NetlinkResult(LastError());
    }

    /// <summary>
    /// Sends all messages of <paramref name="request"/> at once and returns the first failure, or success. Messages after a failed one were still
    /// worked through (rtnetlink); with <paramref name="failures"/> each failure is added there, its index being the number of the message.
    /// </summary>
    public NetlinkResult Request(ref MessageBuffer request, List<NetlinkResult>? failures = null) =>
        Exchange<object?>(ref request, null, null, failures);

    /// <summary>As <see cref="Request"/>, giving each message of the answer to <paramref name="handler"/>: for get, echo and dump.</summary>
    public NetlinkResult Request<TState>(ref MessageBuffer request, TState state, MessageHandler<TState> handler, List<NetlinkResult>? failures = null) =>
        Exchange(ref request, state, handler, failures);

    private NetlinkResult Exchange<TState>(ref MessageBuffer request, TState state, MessageHandler<TState>? handler, List<NetlinkResult>? failures)
    {
        if (request.Count == 0) return default;
        uint first = _sequence + 1;
        bool dump = Number(request.Written, first);
        _sequence += (uint)request.Count;
        NetlinkResult sent = Send(request.Written);
        if (!sent.Ok) return sent;

        // Borrowed for the call: a process may have thousands of sockets.
        byte[] buffer = ArrayPool<byte>.Shared.Rent(ReceiveSize);
        try
        {
            Answer answer = new(first, request.Count, Protocol == NetlinkProtocol.Netfilter && request.Count > 1, failures);
            while (!answer.Complete)
            {
                int n = Receive(buffer, wait: !answer.EndsWhenEmpty || !answer.Any, out Errno error);
                if (n < 0)
                {
                    if (error == Errno.EAGAIN && answer.EndsWhenEmpty && answer.Any) break;
                    return error == Errno.EAGAIN ? new NetlinkResult(Errno.ETIMEDOUT, "the kernel's answer was lost") : new NetlinkResult(error);
                }
                ReadOnlySpan<byte> rest = buffer.AsSpan(0, n);
                while (!answer.Complete && NetlinkMessage.TryTake(ref rest, out NetlinkMessage message))
                {
                    if (!answer.Note(message, dump)) handler?.Invoke(message, state);
                }
            }
            return answer.Result;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Numbers the messages and asks for an acknowledgement of the last. True when it is a dump, which ends with NLMSG_DONE instead.</summary>
    private bool Number(Span<byte> messages, uint sequence)
    {
        bool dump = false;
        Span<byte> ackAt = default;
        while (messages.Length >= NetlinkHeader.Size)
        {
            ref NetlinkHeader header = ref MemoryMarshal.AsRef<NetlinkHeader>(messages);
            header.Sequence = sequence++;
            bool get = IsGet(header.Type);
            dump = get && (header.Flags & NLM_F_DUMP) == NLM_F_DUMP;
            // The end of an nf_tables batch is acknowledged from Linux 6.10 on only; the message before it always.
            bool batchEnd = Protocol == NetlinkProtocol.Netfilter && header.Type == Constants.LinuxNfnetlink.NFNL_MSG_BATCH_END;
            if (!batchEnd) ackAt = messages;
            messages = messages[Math.Min(NetlinkHeader.Align((int)header.Length), messages.Length)..];
        }
        if (!dump) MemoryMarshal.AsRef<NetlinkHeader>(ackAt).Flags |= NLM_F_ACK;
        return dump;
    }

    // rtnetlink: GET is the third of each group of four. nfnetlink: NLM_F_DUMP is only ever set on a get (NLM_F_REPLACE and NLM_F_EXCL never are together).
    private bool IsGet(ushort type) => Protocol == NetlinkProtocol.Netfilter || (type >= 16 && (type & 3) == 2);

    private NetlinkResult Send(ReadOnlySpan<byte> bytes)
    {
        GrowSendBuffer(bytes.Length + 1024);
        fixed (byte* p = bytes)
        {
            while (send(Handle, p, bytes.Length, 0) < 0)
            {
                Errno error = LastError();
                if (error != Errno.EINTR) return new NetlinkResult(error);
            }
        }
        return default;
    }

    /// <summary>
    /// Receives one datagram and gives its messages to <paramref name="handler"/>, for a socket that listens to groups. EAGAIN when none is waiting;
    /// ENOBUFS when some were lost: what is known must be read again.
    /// </summary>
    public NetlinkResult ReceiveNotifications<TState>(TState state, MessageHandler<TState> handler)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(ReceiveSize);
        try
        {
            int n = Receive(buffer, wait: false, out Errno error);
            if (n < 0) return new NetlinkResult(error);
            ReadOnlySpan<byte> rest = buffer.AsSpan(0, n);
            while (NetlinkMessage.TryTake(ref rest, out NetlinkMessage message)) handler(message, state);
            return default;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private int Receive(byte[] buffer, bool wait, out Errno error)
    {
        bool waited = !wait;
        while (true)
        {
            SockaddrNl from = default;
            int length = Marshal.SizeOf<SockaddrNl>();
            int n;
            fixed (byte* p = buffer) n = (int)recvfrom(Handle, p, ReceiveSize, MSG_DONTWAIT | MSG_TRUNC, ref from, ref length);
            error = n < 0 ? LastError() : Errno.None;
            if (n > ReceiveSize) error = Errno.EMSGSIZE;
            else if (n >= 0 && from.Pid != 0) continue; // not from the kernel
            if (error == Errno.EINTR) continue;
            if (error == Errno.EAGAIN && !waited)
            {
                waited = true;
                PollFd fd = new() { Fd = (int)Handle.DangerousGetHandle(), Events = POLLIN };
                _ = poll(&fd, 1, _options.AnswerTimeoutMilliseconds);
                continue;
            }
            return error == Errno.None ? n : -1;
        }
    }

    private void GrowSendBuffer(int size)
    {
        if (size <= _sendBuffer) return;
        _sendBuffer = size;
        BufferSize(SO_SNDBUFFORCE, SO_SNDBUF, size);
    }

    private void BufferSize(int force, int plain, int size)
    {
        if (!Option(SOL_SOCKET, force, size)) Option(SOL_SOCKET, plain, size);
    }

    private bool Option(int level, int name, int value) => setsockopt(Handle, level, name, value, sizeof(int)) == 0;

    public void Dispose() => Handle.Dispose();
}
