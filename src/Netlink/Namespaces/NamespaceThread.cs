using System.Runtime.ExceptionServices;
using Margay.Netlink.Sockets;
using Microsoft.Win32.SafeHandles;
using static Margay.Netlink.Sockets.NativeMethods;

namespace Margay.Netlink.Namespaces;

/// <summary>
/// A thread that enters a namespace, does one thing and ends. Entering and leaving on a borrowed thread would, if leaving failed,
/// give a thread in the wrong namespace back to the pool.
/// </summary>
internal static class NamespaceThread
{
    private const int StackSize = 256 << 10;

    /// <summary>With a null handle the thread stays in the caller's namespace until the function changes it.</summary>
    internal static T Run<T>(SafeFileHandle? handle, Func<T> function)
    {
        T? value = default;
        ExceptionDispatchInfo? thrown = null;
        Thread thread = new(() =>
        {
            try
            {
                if (handle is not null && setns(handle, CLONE_NEWNET) != 0)
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
