using System.Runtime.ExceptionServices;
using Margay.Netlink.Sockets;
using Microsoft.Win32.SafeHandles;
using static Margay.Netlink.Sockets.NativeMethods;

namespace Margay.Netlink.Namespaces;

/// <summary>
/// A thread that enters a namespace, does one thing and ends: for what takes long, or starts something (<see cref="NamespaceVisit"/> is for what does not).
/// </summary>
internal static class NamespaceThread
{
    private const int StackSize = 256 << 10;

    internal static T Run<T>(SafeFileHandle handle, Func<T> function)
    {
        T? value = default;
        ExceptionDispatchInfo? thrown = null;
        Thread thread = new(() =>
        {
            try
            {
                if (setns(handle, CLONE_NEWNET) != 0)
                    throw new NetlinkException(new NetlinkResult(LastError()), "enter the network namespace");
                value = function();
            }
#pragma warning disable CA1031 // carried over to the caller's thread
            catch (Exception e)
#pragma warning restore CA1031
            {
                thrown = ExceptionDispatchInfo.Capture(e);
            }
        }, StackSize)
        { IsBackground = true, Name = "netns" };
        thread.Start();
        thread.Join();
        thrown?.Throw();
        return value!;
    }
}
