using System.Text;

namespace Margay.Bgp.Transport;

/// <summary>A new non-blocking socket, bound to an interface if one is named.</summary>
internal static class BoundSocket
{
    /// <summary>IFNAMSIZ without the final zero.</summary>
    private const int MaxName = 15;

    /// <summary>The descriptor, or -1 with the reason in words.</summary>
    internal static int Open(int family, int type, int protocol, string? device, out string error)
    {
        error = "";
        int fd = Libc.socket(family, type | Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC, protocol);
        if (fd < 0)
        {
            error = Libc.LastError("socket");
            return -1;
        }
        if (string.IsNullOrEmpty(device) || Bind(fd, device, out error)) return fd;
        _ = Libc.close(fd);
        return -1;
    }

    internal static bool Bind(int fd, string device, out string error)
    {
        error = "";
        Span<byte> name = stackalloc byte[MaxName + 1];
        name.Clear();
        if (device.Length > MaxName || !Encoding.ASCII.TryGetBytes(device, name, out _))
        {
            error = $"'{device}' is no name of an interface";
            return false;
        }
        if (Libc.setsockopt(fd, Libc.SOL_SOCKET, Libc.SO_BINDTODEVICE, ref name[0], name.Length) == 0) return true;
        error = $"cannot bind to interface '{device}': {Libc.LastError("setsockopt")}";
        return false;
    }
}
