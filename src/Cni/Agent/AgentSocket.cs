using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Margay.Cni.Agent;

/// <summary>
/// The agent's Unix socket: connect, send one frame (4 bytes of length, big-endian, then JSON), receive one. Blocking, with the
/// kernel's own timeouts; the process does nothing else meanwhile.
/// </summary>
internal sealed class AgentSocket(string path, TimeSpan timeout) : IAgent
{
    /// <summary>sizeof(sun_path) in <c>struct sockaddr_un</c>, with its final zero.</summary>
    private const int MaxPath = 108;

    private const int MaxFrame = 1 << 20;

    public byte[]? Ask(ReadOnlySpan<byte> request, out string failure)
    {
        byte[] name = Encoding.UTF8.GetBytes(path);
        if (name.Length >= MaxPath)
        {
            failure = $"the socket path is longer than {MaxPath - 1} bytes";
            return null;
        }
        int fd = Libc.Socket(Libc.AF_UNIX, Libc.SOCK_STREAM | Libc.SOCK_CLOEXEC, 0);
        if (fd < 0)
        {
            failure = $"no socket: {Libc.DescribeLastError()}";
            return null;
        }
        try
        {
            return Exchange(fd, name, request, out failure);
        }
        finally
        {
            _ = Libc.Close(fd);
        }
    }

    private byte[]? Exchange(int fd, byte[] name, ReadOnlySpan<byte> request, out string failure)
    {
        // struct timeval { long tv_sec; long tv_usec; }
        ReadOnlySpan<long> limit = [(long)timeout.TotalSeconds, 0];
        _ = Libc.SetSocketOption(fd, Libc.SOL_SOCKET, Libc.SO_RCVTIMEO, limit, 16);
        _ = Libc.SetSocketOption(fd, Libc.SOL_SOCKET, Libc.SO_SNDTIMEO, limit, 16);

        byte[] address = new byte[2 + MaxPath];
        MemoryMarshal.Write(address, (ushort)Libc.AF_UNIX);
        name.CopyTo(address, 2);
        if (Libc.Connect(fd, address, (uint)address.Length) < 0) return Fail("cannot connect", out failure);

        byte[] frame = new byte[4 + request.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, request.Length);
        request.CopyTo(frame.AsSpan(4));
        if (!SendAll(fd, frame)) return Fail("cannot send", out failure);

        byte[] header = new byte[4];
        if (!ReceiveAll(fd, header)) return Fail("no answer", out failure);
        int length = BinaryPrimitives.ReadInt32BigEndian(header);
        if (length is < 0 or > MaxFrame)
        {
            failure = $"an answer of {(uint)length} bytes is not the agent's";
            return null;
        }
        byte[] reply = new byte[length];
        if (!ReceiveAll(fd, reply)) return Fail("the answer breaks off", out failure);
        failure = "";
        return reply;
    }

    private byte[]? Fail(string what, out string failure)
    {
        int errno = Marshal.GetLastPInvokeError();
        failure = errno switch
        {
            0 => $"{what}: the agent closed the connection",
            Libc.EAGAIN => $"{what} within {timeout.TotalSeconds:0} s",
            _ => $"{what}: {Marshal.GetPInvokeErrorMessage(errno)}",
        };
        return null;
    }

    private static bool SendAll(int fd, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            nint n = Libc.Send(fd, bytes, bytes.Length, Libc.MSG_NOSIGNAL);
            if (n < 0 && Marshal.GetLastPInvokeError() == Libc.EINTR) continue;
            if (n < 0) return false;
            bytes = bytes[(int)n..];
        }
        return true;
    }

    private static bool ReceiveAll(int fd, Span<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            nint n = Libc.Read(fd, bytes, bytes.Length);
            if (n < 0 && Marshal.GetLastPInvokeError() == Libc.EINTR) continue;
            if (n == 0) Marshal.SetLastPInvokeError(0);
            if (n <= 0) return false;
            bytes = bytes[(int)n..];
        }
        return true;
    }
}
