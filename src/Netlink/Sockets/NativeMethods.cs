using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Margay.Netlink.Sockets;

/// <summary>The few calls of libc that this assembly makes. Constants are those of asm-generic (x86-64, arm64, riscv64).</summary>
internal static unsafe partial class NativeMethods
{
    internal const int AF_NETLINK = 16;
    internal const int SOCK_RAW = 3;
    internal const int SOCK_CLOEXEC = 0x80000;
    internal const int SOL_SOCKET = 1;
    internal const int SOL_NETLINK = 270;
    internal const int SO_SNDBUF = 7;
    internal const int SO_RCVBUF = 8;
    internal const int SO_ATTACH_FILTER = 26;
    internal const int SO_SNDBUFFORCE = 32;
    internal const int SO_RCVBUFFORCE = 33;
    internal const int MSG_TRUNC = 0x20;
    internal const int MSG_DONTWAIT = 0x40;
    internal const int CLONE_NEWNET = 0x40000000;
    internal const int MS_BIND = 4096;
    internal const int MS_REC = 16384;
    internal const int MS_SHARED = 1 << 20;
    internal const int MNT_DETACH = 2;
    internal const int O_RDONLY = 0;
    internal const int O_RDWR = 2;
    internal const int O_CLOEXEC = 0x80000;
    internal const short POLLIN = 1;
    internal const int EFD_CLOEXEC = 0x80000;
    internal const int EFD_NONBLOCK = 0x800;
    internal const int EPOLL_CLOEXEC = 0x80000;
    internal const int EPOLL_CTL_ADD = 1;
    internal const int EPOLL_CTL_DEL = 2;
    internal const uint EPOLLIN = 1;

    [StructLayout(LayoutKind.Sequential)]
    internal struct SockaddrNl
    {
        public ushort Family;
        public ushort Pad;
        public uint Pid;
        public uint Groups;
    }

    /// <summary>linux/filter.h: one instruction of classic BPF, and a program of them.</summary>
    internal readonly record struct SockFilter(ushort Code, byte JumpIfTrue, byte JumpIfFalse, uint Value);

    [StructLayout(LayoutKind.Sequential)]
    internal struct SockFprog
    {
        public ushort Length;
        public SockFilter* Program;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct PollFd
    {
        public int Fd;
        public short Events;
        public short Revents;
    }

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int socket(int domain, int type, int protocol);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int bind(SafeFileHandle fd, in SockaddrNl address, int length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int getsockname(SafeFileHandle fd, ref SockaddrNl address, ref int length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint send(SafeFileHandle fd, byte* buffer, nint length, int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint recvfrom(SafeFileHandle fd, byte* buffer, nint length, int flags, ref SockaddrNl address, ref int addressLength);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int setsockopt(SafeFileHandle fd, int level, int name, in int value, int length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int setsockopt(SafeFileHandle fd, int level, int name, SockFprog* value, int length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int poll(PollFd* fds, nuint count, int timeoutMilliseconds);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int epoll_create1(int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int epoll_ctl(SafeFileHandle epoll, int operation, SafeFileHandle fd, byte* settings);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int epoll_wait(SafeFileHandle epoll, byte* events, int count, int timeoutMilliseconds);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int eventfd(uint initial, int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint read(SafeFileHandle fd, byte* buffer, nint count);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint write(SafeFileHandle fd, byte* buffer, nint count);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int open(string path, int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int setns(SafeFileHandle fd, int type);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int unshare(int flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int mount(string source, string target, string? type, nuint flags, nint data);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int umount2(string target, int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int ioctl(SafeFileHandle fd, nuint request, void* argument);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int statx(SafeFileHandle directory, string path, int flags, uint mask, byte* buffer);

    /// <summary>The error of the last call on this thread.</summary>
    internal static Errno LastError() => (Errno)Marshal.GetLastPInvokeError();
}
