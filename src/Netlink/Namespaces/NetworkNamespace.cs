using System.Diagnostics;
using System.Globalization;
using Margay.Netlink.Sockets;
using Microsoft.Win32.SafeHandles;
using static Margay.Netlink.Sockets.NativeMethods;

namespace Margay.Netlink.Namespaces;

/// <summary>
/// A network namespace held open by a descriptor: it lives as long as this does, even when its name is gone and no process is in it.
/// <para>A thread belongs to one namespace. What must happen inside runs on a thread made for it (<see cref="Run(Action)"/>) or, where it is but a few calls of the kernel, on the calling
/// thread, which comes home at once (<see cref="Visit{T}"/>). A netlink socket keeps the namespace it was opened in, so open it once (<see cref="OpenSocket"/>) and use it from anywhere.</para>
/// <para>Needs CAP_SYS_ADMIN (setns, unshare, mount). Safe to use from several threads.</para>
/// </summary>
public sealed class NetworkNamespace : IDisposable
{
    /// <summary>Where named namespaces are kept, as <c>ip netns</c> does.</summary>
    public const string Directory = "/run/netns";

    private NetworkNamespace(SafeFileHandle handle, string? path)
    {
        Handle = handle;
        Path = path;
    }

    /// <summary>The descriptor, for attributes like IFLA_NET_NS_FD.</summary>
    public SafeFileHandle Handle { get; }

    /// <summary>Where it was opened from, if by path.</summary>
    public string? Path { get; }

    /// <summary>Opens the namespace bound to a file, as in <c>/run/netns/NAME</c> or <c>/proc/PID/ns/net</c>. <see cref="NetlinkException"/> when it is not there.</summary>
    public static NetworkNamespace Open(string path) => TryOpen(path).Value;

    /// <summary>As <see cref="Open"/>; ENOENT as a value when it is not there, EINVAL when the file is no network namespace.</summary>
    public static NetlinkResult<NetworkNamespace> TryOpen(string path)
    {
        SafeFileHandle handle = new(open(path, O_RDONLY | O_CLOEXEC), ownsHandle: true);
        if (handle.IsInvalid) return new NetlinkResult(LastError(), $"open the network namespace {path}");
        if (NamespaceFile.IsNetworkNamespace(handle)) return new NetworkNamespace(handle, path);
        handle.Dispose();
        return new NetlinkResult(Errno.EINVAL, $"{path} is not a network namespace");
    }

    /// <summary>Opens <c>/run/netns/<paramref name="name"/></c>.</summary>
    public static NetworkNamespace OpenNamed(string name) => Open(NamespaceFile.PathOf(name));

    public static NetlinkResult<NetworkNamespace> TryOpenNamed(string name) => TryOpen(NamespaceFile.PathOf(name));

    /// <summary>The namespace of a process.</summary>
    public static NetworkNamespace OpenProcess(int pid) => Open(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/ns/net"));

    /// <summary>The namespace of the calling thread.</summary>
    public static NetworkNamespace OpenCurrent() => Open("/proc/thread-self/ns/net");

    /// <summary>Takes over a descriptor of a namespace.</summary>
    public static NetworkNamespace FromHandle(SafeFileHandle handle) => new(handle, null);

    /// <summary>Makes a new namespace that lives as long as this object (or a process or socket in it). Its loopback link is down.</summary>
    public static NetworkNamespace CreateAnonymous() => NamespaceVisit.ToNew(OpenCurrent);

    /// <summary>
    /// Makes a new namespace and binds it to <c>/run/netns/<paramref name="name"/></c>, as <c>ip netns add</c> does. EEXIST when the name is taken;
    /// nothing is left behind when it fails.
    /// </summary>
    public static NetlinkResult<NetworkNamespace> Create(string name) => NamespaceFile.Create(name, CreateAnonymous);

    /// <summary>Binds this namespace to a name.</summary>
    public NetlinkResult Bind(string name) => NamespaceFile.Bind(this, name);

    /// <summary>Removes the name. The namespace itself goes when nothing holds it any more. ENOENT when there is no such name.</summary>
    public static NetlinkResult Delete(string name) => NamespaceFile.Delete(name);

    /// <summary>The names in <c>/run/netns</c>.</summary>
    public static IReadOnlyList<string> ListNamed() =>
        System.IO.Directory.Exists(Directory) ? [.. System.IO.Directory.EnumerateFiles(Directory).Select(f => System.IO.Path.GetFileName(f)).Order(StringComparer.Ordinal)] : [];

    /// <summary>The inode, which identifies the namespace on this machine while it lives: <c>net:[4026531840]</c>.</summary>
    public ulong Inode => NamespaceFile.Inode(Handle);

    /// <summary>Runs <paramref name="action"/> on a thread of its own inside the namespace and waits for it. About 100 µs. What it throws is thrown here.</summary>
    public void Run(Action action) => NamespaceThread.Run<object?>(Handle, () =>
    {
        action();
        return null;
    });

    public T Run<T>(Func<T> function) => NamespaceThread.Run(Handle, function);

    /// <summary>
    /// Runs <paramref name="function"/> on the calling thread inside the namespace: some 10 µs. For a few calls of the kernel, such as opening a socket. It must not start a thread, a task or a
    /// timer, nor wait for one: what begins there stays there, and keeps the namespace alive.
    /// </summary>
    public T Visit<T>(Func<T> function) => NamespaceVisit.To(Handle, function);

    /// <summary>Opens a socket that stays in this namespace.</summary>
    public NetlinkSocket OpenSocket(NetlinkProtocol protocol, NetlinkSocketOptions? options = null) => Visit(() => NetlinkSocket.Open(protocol, options));

    /// <summary>Starts a process inside the namespace. /sys stays the caller's, /proc/sys/net and /proc/net are the namespace's.</summary>
    public Process Start(ProcessStartInfo info) =>
        Run(() => Process.Start(info)) ?? throw new InvalidOperationException($"{info.FileName} was not started");

    /// <summary>Reads <c>/proc/sys/<paramref name="key"/></c> as seen inside; the key with slashes, as in <c>net/ipv4/ip_forward</c>. ENOENT when this kernel or link has none.</summary>
    public NetlinkResult<string> ReadSysctl(string key) => Visit(() => Sysctl.Read(key));

    /// <summary>Reads several sysctls with one visit; a result for each.</summary>
    public IReadOnlyList<NetlinkResult<string>> ReadSysctls(IReadOnlyList<string> keys) => Visit(() => keys.Select(Sysctl.Read).ToArray());

    /// <summary>Writes a sysctl inside the namespace.</summary>
    public NetlinkResult WriteSysctl(string key, string value) => Visit(() => Sysctl.Write(key, value));

    /// <summary>Writes several sysctls inside the namespace with one visit; stops at the first failure.</summary>
    public NetlinkResult WriteSysctls(IEnumerable<KeyValuePair<string, string>> values) => Visit(() => Sysctl.Write(values));

    public void Dispose() => Handle.Dispose();

    public override string ToString() => Path ?? string.Create(CultureInfo.InvariantCulture, $"net:[{Inode}]");
}
