using Margay.Netlink.Sockets;
using Microsoft.Win32.SafeHandles;
using static Margay.Netlink.Sockets.NativeMethods;

namespace Margay.Netlink.Namespaces;

/// <summary>
/// A short stay of the calling thread in a namespace: some microseconds, where a thread made for it (<see cref="NamespaceThread"/>) takes a hundred and a turn of the scheduler. For functions
/// that call the kernel and nothing else: what they start would begin its life in the namespace and keep it alive. A thread that cannot come home would go on in the wrong network, so the
/// process ends instead; the kernel gives no reason but a lack of memory for that.
/// </summary>
internal static class NamespaceVisit
{
    private const string Own = "/proc/thread-self/ns/net";

    internal static T To<T>(SafeFileHandle handle, Func<T> function)
    {
        using SafeFileHandle home = Home();
        if (setns(handle, CLONE_NEWNET) != 0) throw new NetlinkException(new NetlinkResult(LastError()), "enter the network namespace");
        try
        {
            return function();
        }
        finally
        {
            Return(home);
        }
    }

    /// <summary>Makes a namespace on the way.</summary>
    internal static T ToNew<T>(Func<T> function)
    {
        using SafeFileHandle home = Home();
        if (unshare(CLONE_NEWNET) != 0) throw new NetlinkException(new NetlinkResult(LastError()), "unshare the network namespace");
        try
        {
            return function();
        }
        finally
        {
            Return(home);
        }
    }

    private static SafeFileHandle Home()
    {
        SafeFileHandle home = new(open(Own, O_RDONLY | O_CLOEXEC), ownsHandle: true);
        return home.IsInvalid ? throw new NetlinkException(new NetlinkResult(LastError()), $"open {Own}") : home;
    }

    private static void Return(SafeFileHandle home)
    {
        if (setns(home, CLONE_NEWNET) != 0) Environment.FailFast($"a thread cannot leave a network namespace: {LastError()}");
    }
}
