using Margay.Core.Net;
using Margay.Netlink.Sockets;
using static Margay.Netlink.Constants.LinuxIfAddr;
using static Margay.Netlink.Constants.LinuxNetlink;
using static Margay.Netlink.Constants.LinuxRtnetlink;

namespace Margay.Netlink.Route;

/// <summary>RTM_*ADDR. IFA_LOCAL is the address itself, IFA_ADDRESS the peer's or the same; IPv6 sends IFA_LOCAL only with a peer.</summary>
internal static class AddressCodec
{
    internal static void WriteAdd(ref MessageBuffer buffer, InterfaceAddress address, bool replace)
    {
        MessageWriter m = buffer.Begin(RTM_NEWADDR, NLM_F_CREATE | (replace ? NLM_F_REPLACE : NLM_F_EXCL));
        Write(ref m, address);
        if (address.Broadcast is { } broadcast) m.Address(IFA_BROADCAST, broadcast);
        if (address.Label is { } label) m.String(IFA_LABEL, label);
        if (address.Flags != 0) m.UInt32(IFA_FLAGS, (uint)address.Flags);
        if (address.RoutePriority != 0) m.UInt32(IFA_RT_PRIORITY, address.RoutePriority);
        m.End();
    }

    internal static void WriteDelete(ref MessageBuffer buffer, InterfaceAddress address)
    {
        MessageWriter m = buffer.Begin(RTM_DELADDR, 0);
        Write(ref m, address);
        m.End();
    }

    private static void Write(ref MessageWriter m, InterfaceAddress address)
    {
        m.Header(new IfAddrMsg
        {
            Family = Family.Of(address.Local),
            PrefixLength = (byte)address.PrefixLength,
            Flags = (byte)address.Flags,
            Scope = (byte)address.Scope,
            Index = address.LinkIndex,
        });
        m.Address(IFA_LOCAL, address.Local);
        m.Address(IFA_ADDRESS, address.Peer ?? address.Local);
    }

    internal static void WriteDump(ref MessageBuffer buffer, int linkIndex, byte family)
    {
        MessageWriter m = buffer.Begin(RTM_GETADDR, NLM_F_DUMP);
        m.Header(new IfAddrMsg { Family = family, Index = linkIndex });
        m.End();
    }

    internal static bool TryRead(NetlinkMessage message, out InterfaceAddress address)
    {
        address = null!;
        if (!message.TryRead(out IfAddrMsg header, out AttributeReader attributes)) return false;
        InetAddress? local = null, peer = null, broadcast = null;
        uint flags = header.Flags, priority = 0;
        string? label = null;
        while (attributes.TryRead(out NetlinkAttribute a))
        {
            switch (a.Type)
            {
                case IFA_LOCAL: local = a.Address; break;
                case IFA_ADDRESS: peer = a.Address; break;
                case IFA_BROADCAST: broadcast = a.Address; break;
                case IFA_LABEL: label = a.String; break;
                case IFA_FLAGS: flags = a.UInt32; break;
                case IFA_RT_PRIORITY: priority = a.UInt32; break;
            }
        }
        local ??= peer;
        if (attributes.Failed || local is null) return false;
        address = new InterfaceAddress
        {
            LinkIndex = header.Index,
            Local = local.Value,
            PrefixLength = header.PrefixLength,
            Peer = peer == local ? null : peer,
            Broadcast = broadcast,
            Scope = (RouteScope)header.Scope,
            Flags = (AddressFlags)flags,
            Label = label,
            RoutePriority = priority,
        };
        return true;
    }
}
