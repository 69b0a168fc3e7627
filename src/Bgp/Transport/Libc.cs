using System.Runtime.InteropServices;

namespace Margay.Bgp.Transport;

// The system calls that .NET's sockets do not offer, or not without an exception, a copy or a thread hop in the way of each packet.

/// <summary>epoll, sendmsg and friends (Linux), by their kernel names.</summary>
internal static partial class Libc
{
    internal const int EPOLL_CLOEXEC = 0x80000;
    internal const int EPOLL_CTL_ADD = 1;
    internal const int EPOLL_CTL_DEL = 2;
    internal const int EPOLL_CTL_MOD = 3;
    internal const uint EPOLLIN = 1;
    internal const uint EPOLLOUT = 4;
    internal const uint EPOLLERR = 8;
    internal const uint EPOLLHUP = 0x10;
    internal const int EFD_NONBLOCK = 0x800;
    internal const int SOCK_NONBLOCK = 0x800;
    internal const int SOCK_CLOEXEC = 0x80000;
    internal const int MSG_DONTWAIT = 0x40;
    internal const int MSG_NOSIGNAL = 0x4000;
    internal const int SOL_SOCKET = 1;
    internal const int SO_REUSEADDR = 2;
    internal const int SO_ERROR = 4;
    internal const int SO_RCVBUF = 8;
    internal const int SO_BINDTODEVICE = 25;
    internal const int IPPROTO_IP = 0;
    internal const int IPPROTO_TCP = 6;
    internal const int IPPROTO_IPV6 = 41;
    internal const int IP_TTL = 2;
    internal const int IP_TOS = 1;
    internal const int IP_PKTINFO = 8;
    internal const int IP_RECVTTL = 12;
    internal const int IP_MINTTL = 21;
    internal const int IPV6_UNICAST_HOPS = 16;
    internal const int IPV6_V6ONLY = 26;
    internal const int IPV6_RECVPKTINFO = 49;
    internal const int IPV6_PKTINFO = 50;
    internal const int IPV6_RECVHOPLIMIT = 51;
    internal const int IPV6_HOPLIMIT = 52;
    internal const int IPV6_TCLASS = 67;
    internal const int IPV6_MINHOPCOUNT = 73;
    internal const int TCP_NODELAY = 1;
    internal const int TCP_MD5SIG = 14;
    internal const int TCP_MD5SIG_EXT = 32;
    internal const int SOCK_STREAM = 1;
    internal const int SOCK_DGRAM = 2;
    internal const int EINTR = 4;
    internal const int EAGAIN = 11;
    internal const int EMFILE = 24;
    internal const int EADDRINUSE = 98;
    internal const int EINPROGRESS = 115;

    [StructLayout(LayoutKind.Sequential)]
    internal struct IoVector
    {
        public nint Base;
        public nint Length;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct MessageHeader
    {
        public nint Name;
        public int NameLength;
        public nint Vectors;
        public nint VectorCount;
        public nint Control;
        public nint ControlLength;
        public int Flags;
    }

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int epoll_create1(int flags);

    // struct epoll_event is packed on x86-64 only; the transport reads and writes its bytes.
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int epoll_ctl(int epfd, int op, int fd, ref byte e);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int epoll_wait(int epfd, ref byte events, int maxevents, int timeout);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int eventfd(uint initval, int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint read(int fd, ref byte buffer, nint count);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint write(int fd, ref byte buffer, nint count);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint recv(int fd, ref byte buffer, nint count, int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint sendmsg(int fd, ref MessageHeader message, int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint sendto(int fd, ref byte buffer, nint count, int flags, ref byte address, int length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint recvmsg(int fd, ref MessageHeader message, int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int getifaddrs(out nint first);

    [LibraryImport("libc")]
    internal static partial void freeifaddrs(nint first);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int socket(int domain, int type, int protocol);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int bind(int fd, ref byte address, int length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int listen(int fd, int backlog);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int accept4(int fd, ref byte address, ref int length, int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int connect(int fd, ref byte address, int length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int getsockname(int fd, ref byte address, ref int length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int getsockopt(int fd, int level, int name, ref int value, ref int length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int setsockopt(int fd, int level, int name, ref byte value, int length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int shutdown(int fd, int how);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int close(int fd);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial uint if_nametoindex(string name);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint if_indextoname(uint index, ref byte name);

    internal static int SetOption(int fd, int level, int name, int value) =>
        setsockopt(fd, level, name, ref MemoryMarshal.GetReference(MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in value))), sizeof(int));

    internal static string LastError(string call) => $"{call}: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}";
}
