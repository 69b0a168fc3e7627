using System.Globalization;
using System.Runtime.CompilerServices;
using Margay.Netlink.Sockets;
using Microsoft.Win32.SafeHandles;
using static Margay.Netlink.Sockets.NativeMethods;

namespace Margay.Netlink.Namespaces;

/// <summary>
/// The files in /run/netns: a namespace is bound over an empty file. The directory is made a shared mount first, as iproute2 does, so that
/// mount namespaces made earlier see names added later.
/// </summary>
internal static unsafe class NamespaceFile
{
    private const nuint NS_GET_NSTYPE = 0xb703;

    internal static string PathOf(string name)
    {
        if (name.Length is 0 or > 255 || name is "." or ".." || name.AsSpan().ContainsAny('/', '\0'))
            throw new ArgumentException($"'{name}' is not a namespace name: 1 to 255 characters without '/'", nameof(name));
        return $"{NetworkNamespace.Directory}/{name}";
    }

    internal static bool IsNetworkNamespace(SafeFileHandle handle) => ioctl(handle, NS_GET_NSTYPE, null) == CLONE_NEWNET;

    internal static ulong Inode(SafeFileHandle handle)
    {
        // struct statx has the same layout everywhere: 256 bytes, the inode at 32.
        const int AT_EMPTY_PATH = 0x1000;
        const uint STATX_INO = 0x100;
        byte* buffer = stackalloc byte[256];
        if (statx(handle, "", AT_EMPTY_PATH, STATX_INO, buffer) != 0) throw new NetlinkException(new NetlinkResult(LastError()), "statx of the namespace");
        return Unsafe.ReadUnaligned<ulong>(buffer + 32);
    }

    internal static NetlinkResult<NetworkNamespace> Create(string name, Func<NetworkNamespace> make)
    {
        string path = PathOf(name);
        if (File.Exists(path)) return new NetlinkResult(Errno.EEXIST, $"{path} is there already");
        using NetworkNamespace made = make();
        NetlinkResult bound = Bind(made, name);
        return bound.Ok ? NetworkNamespace.TryOpen(path) : bound;
    }

    internal static NetlinkResult Bind(NetworkNamespace space, string name)
    {
        string path = PathOf(name);
        NetlinkResult shared = ShareDirectory();
        if (!shared.Ok) return shared;
        try
        {
            using FileStream file = new(path, FileMode.CreateNew, FileAccess.Write);
        }
        catch (IOException) when (File.Exists(path))
        {
            return new NetlinkResult(Errno.EEXIST, $"{path} is there already");
        }
        string source = string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{space.Handle.DangerousGetHandle()}");
        if (mount(source, path, "none", MS_BIND, 0) == 0) return default;
        Errno error = LastError();
        File.Delete(path);
        return new NetlinkResult(error, $"bind the namespace to {path}");
    }

    internal static NetlinkResult Delete(string name)
    {
        string path = PathOf(name);
        if (!File.Exists(path)) return new NetlinkResult(Errno.ENOENT, $"there is no {path}");
        // EINVAL: a file that nothing is bound to, left by a creation that was cut short.
        if (umount2(path, MNT_DETACH) != 0 && LastError() is var error and not Errno.EINVAL) return new NetlinkResult(error, $"unmount {path}");
        try
        {
            File.Delete(path);
        }
        catch (IOException e)
        {
            return new NetlinkResult(Errno.EBUSY, e.Message);
        }
        return default;
    }

    // The directory alone, not what is mounted below it: that would be looked through for each name that is added.
    private static NetlinkResult ShareDirectory()
    {
        System.IO.Directory.CreateDirectory(NetworkNamespace.Directory);
        if (mount("", NetworkNamespace.Directory, "none", MS_SHARED, 0) == 0) return default;
        // Not a mount point yet: bind it over itself.
        if (mount(NetworkNamespace.Directory, NetworkNamespace.Directory, "none", MS_BIND | MS_REC, 0) != 0)
            return new NetlinkResult(LastError(), $"bind {NetworkNamespace.Directory}");
        return mount("", NetworkNamespace.Directory, "none", MS_SHARED, 0) == 0
            ? default
            : new NetlinkResult(LastError(), $"share {NetworkNamespace.Directory}");
    }
}
