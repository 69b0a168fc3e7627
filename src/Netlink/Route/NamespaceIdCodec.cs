using Margay.Netlink.Namespaces;
using Margay.Netlink.Sockets;
using static Margay.Netlink.Constants.LinuxNetNamespace;
using static Margay.Netlink.Constants.LinuxRtnetlink;

namespace Margay.Netlink.Route;

/// <summary>RTM_*NSID: the numbers by which one namespace names others.</summary>
internal static class NamespaceIdCodec
{
    internal static void WriteGet(ref MessageBuffer buffer, NetworkNamespace space) => Write(ref buffer, RTM_GETNSID, space, null);

    internal static void WriteNew(ref MessageBuffer buffer, NetworkNamespace space, int id) => Write(ref buffer, RTM_NEWNSID, space, id);

    internal static void WriteGet(ref MessageBuffer buffer, int id)
    {
        MessageWriter m = buffer.Begin(RTM_GETNSID, 0);
        m.Header(default(RtGenMsg));
        m.UInt32(NETNSA_NSID, (uint)id);
        m.End();
    }

    private static void Write(ref MessageBuffer buffer, ushort type, NetworkNamespace space, int? id)
    {
        MessageWriter m = buffer.Begin(type, 0);
        m.Header(default(RtGenMsg));
        m.UInt32(NETNSA_FD, (uint)space.Handle.DangerousGetHandle());
        if (id is { } number) m.UInt32(NETNSA_NSID, (uint)number);
        m.End();
    }

    internal static bool TryRead(NetlinkMessage message, out int id)
    {
        id = -1;
        if (message.Type != RTM_NEWNSID || !message.TryRead(out RtGenMsg _, out AttributeReader attributes)) return false;
        while (attributes.TryRead(out NetlinkAttribute a))
            if (a.Type == NETNSA_NSID) id = a.Int32;
        return !attributes.Failed;
    }
}
