using System.Runtime.InteropServices;
using System.Text;
using Margay.Netlink.Namespaces;
using Margay.Netlink.Sockets;
using Microsoft.Win32.SafeHandles;
using static Margay.Netlink.Constants.LinuxIfTun;
using static Margay.Netlink.Sockets.NativeMethods;

namespace Margay.Netlink.Route;

/// <summary>
/// TAP links (Ethernet frames to and from a program, such as a virtual machine). They are made through /dev/net/tun and not through netlink;
/// once made, everything else about them is. A persistent one stays when the descriptor is closed, until <see cref="RouteSocket.DeleteLink(string)"/>.
/// </summary>
public static unsafe class TapDevice
{
    private const int IfNameSize = 16;

    // struct ifreq is 40 bytes: the name and a union, here its flags.
    [StructLayout(LayoutKind.Sequential, Size = 40)]
    private struct IfReq
    {
        public fixed byte Name[IfNameSize];
        public short Flags;
    }

    /// <summary>
    /// Makes a persistent TAP link in the namespace of the calling thread. EBUSY when one of that name is in use, EINVAL when another kind of link has it.
    /// </summary>
    /// <param name="owner">User id that may open it, or null for root only.</param>
    /// <param name="multiQueue">Lets several descriptors be attached, as vhost wants.</param>
    /// <param name="vnetHeader">Frames carry a virtio header, for offloads.</param>
    public static NetlinkResult Create(string name, uint? owner = null, bool multiQueue = false, bool vnetHeader = false)
    {
        using SafeFileHandle handle = new(open("/dev/net/tun", O_RDWR | O_CLOEXEC), ownsHandle: true);
        if (handle.IsInvalid) return new NetlinkResult(LastError(), "open /dev/net/tun");
        IfReq request = default;
        byte[] bytes = Encoding.UTF8.GetBytes(name);
        if (bytes.Length is 0 or >= IfNameSize) return new NetlinkResult(Errno.EINVAL, $"'{name}' is not a link name: 1 to 15 bytes");
        bytes.CopyTo(new Span<byte>(request.Name, IfNameSize));
        request.Flags = (short)(IFF_TAP | IFF_NO_PI | (multiQueue ? IFF_MULTI_QUEUE : 0) | (vnetHeader ? IFF_VNET_HDR : 0));
        if (ioctl(handle, (nuint)TUNSETIFF, &request) < 0) return new NetlinkResult(LastError(), $"make the TAP link {name}");
        if (owner is { } uid && ioctl(handle, (nuint)TUNSETOWNER, (void*)(nuint)uid) < 0) return new NetlinkResult(LastError(), $"set the owner of {name}");
        return ioctl(handle, (nuint)TUNSETPERSIST, (void*)1) < 0 ? new NetlinkResult(LastError(), $"make {name} persistent") : default;
    }

    /// <summary>As <see cref="Create"/>, in another namespace.</summary>
    public static NetlinkResult CreateIn(NetworkNamespace space, string name, uint? owner = null, bool multiQueue = false, bool vnetHeader = false) =>
        space.Run(() => Create(name, owner, multiQueue, vnetHeader));
}
