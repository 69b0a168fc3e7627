using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Margay.Agent.Attach;

/// <summary>Who is at the other end of a Unix socket (SO_PEERCRED, unix(7)): told by the kernel, at the time of connect.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly partial struct PeerCredentials
{
    private const int SOL_SOCKET = 1;
    private const int SO_PEERCRED = 17;

    // struct ucred
    public readonly int ProcessId;
    public readonly uint UserId;
    public readonly uint GroupId;

    public static uint OwnUserId => GetEffectiveUserId();

    public static PeerCredentials? Of(Socket socket)
    {
        Span<byte> bytes = stackalloc byte[12];
        int n = socket.GetRawSocketOption(SOL_SOCKET, SO_PEERCRED, bytes);
        return n == bytes.Length ? MemoryMarshal.Read<PeerCredentials>(bytes) : null;
    }

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint GetEffectiveUserId();
}
