using System.Text;
using Margay.Netlink.Sockets;
using Microsoft.Win32.SafeHandles;
using static Margay.Netlink.Sockets.NativeMethods;

namespace Margay.Netlink.Namespaces;

/// <summary>
/// Kernel parameters below /proc/sys as the calling thread sees them: those below <c>net/</c> are the network namespace's.
/// Keys are written with slashes, since link names may contain dots: <c>net/ipv4/conf/eth0.7/proxy_arp</c>.
/// </summary>
public static class Sysctl
{
    /// <summary>The value without its closing newline. ENOENT when there is no such parameter, as when the link is gone.</summary>
    public static NetlinkResult<string> Read(string key)
    {
        string path = PathOf(key);
        using SafeFileHandle handle = new(open(path, O_RDONLY | O_CLOEXEC), ownsHandle: true);
        if (handle.IsInvalid) return new NetlinkResult(LastError(), $"open {path}");
        Span<byte> value = stackalloc byte[1024];
        try
        {
            int n = RandomAccess.Read(handle, value, 0);
            return Encoding.UTF8.GetString(value[..n]).TrimEnd('\n');
        }
        catch (IOException e)
        {
            return new NetlinkResult(Errno.EIO, $"{path}: {e.Message}");
        }
    }

    /// <summary>Writes the value; EINVAL when the kernel refuses it.</summary>
    public static unsafe NetlinkResult Write(string key, string value)
    {
        string path = PathOf(key);
        const int O_WRONLY = 1;
        using SafeFileHandle handle = new(open(path, O_WRONLY | O_CLOEXEC), ownsHandle: true);
        if (handle.IsInvalid) return new NetlinkResult(LastError(), $"open {path}");
        byte[] bytes = Encoding.UTF8.GetBytes(value);
        fixed (byte* p = bytes)
        {
            if (write(handle, p, bytes.Length) < 0) return new NetlinkResult(LastError(), $"write '{value}' to {path}");
        }
        return default;
    }

    public static NetlinkResult Write(IEnumerable<KeyValuePair<string, string>> values)
    {
        foreach ((string key, string value) in values)
        {
            NetlinkResult written = Write(key, value);
            if (!written.Ok) return written;
        }
        return default;
    }

    private static string PathOf(string key)
    {
        if (key.Length == 0 || key[0] == '/' || key.Split('/').Any(part => part is "" or "." or ".."))
            throw new ArgumentException($"'{key}' is not a key like net/ipv4/ip_forward", nameof(key));
        return $"/proc/sys/{key}";
    }
}
