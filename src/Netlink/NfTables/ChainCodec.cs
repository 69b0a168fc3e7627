using Margay.Netlink.Sockets;
using static Margay.Netlink.Constants.LinuxNetlink;
using static Margay.Netlink.Constants.LinuxNfTables;

namespace Margay.Netlink.NfTables;

/// <summary>NFT_MSG_*CHAIN.</summary>
internal static class ChainCodec
{
    internal static void WriteNew(ref MessageBuffer buffer, NftChain chain, int flags)
    {
        MessageWriter m = buffer.Begin(NfTablesMessage.Type(NFT_MSG_NEWCHAIN), flags);
        m.Header(NfTablesMessage.Header(chain.Family));
        m.String(NFTA_CHAIN_TABLE, chain.Table);
        m.String(NFTA_CHAIN_NAME, chain.Name);
        if (chain.Hook is { } hook) m.String(NFTA_CHAIN_TYPE, hook.Type);
        if (chain.Policy is { } policy) m.UInt32BigEndian(NFTA_CHAIN_POLICY, (uint)policy);
        if (chain.Hook is not null) WriteHook(ref m, chain.Hook);
        UserData.WriteComment(ref m, NFTA_CHAIN_USERDATA, chain.Comment);
        m.End();
    }

    private static void WriteHook(ref MessageWriter m, NftHook hook)
    {
        int nest = m.BeginNested(NFTA_CHAIN_HOOK);
        uint point = hook.Point switch
        {
            NftHookPoint.NetdevIngress or NftHookPoint.NetdevEgress => (uint)hook.Point - NftHook.NetdevBase,
            _ => (uint)hook.Point,
        };
        m.UInt32BigEndian(NFTA_HOOK_HOOKNUM, point);
        m.UInt32BigEndian(NFTA_HOOK_PRIORITY, (uint)hook.Priority);
        if (hook.Devices.Count == 1) m.String(NFTA_HOOK_DEV, hook.Devices[0]);
        if (hook.Devices.Count > 1)
        {
            int devices = m.BeginNested(NFTA_HOOK_DEVS);
            foreach (string device in hook.Devices) m.String(NFTA_DEVICE_NAME, device);
            m.EndNested(devices);
        }
        m.EndNested(nest);
    }

    internal static void WriteDelete(ref MessageBuffer buffer, int message, NftFamily family, string table, string name)
    {
        MessageWriter m = buffer.Begin(NfTablesMessage.Type(message), 0);
        m.Header(NfTablesMessage.Header(family));
        m.String(NFTA_CHAIN_TABLE, table);
        m.String(NFTA_CHAIN_NAME, name);
        m.End();
    }

    internal static void WriteGet(ref MessageBuffer buffer, NftFamily family)
    {
        MessageWriter m = buffer.Begin(NfTablesMessage.Type(NFT_MSG_GETCHAIN), NLM_F_DUMP);
        m.Header(NfTablesMessage.Header(family));
        m.End();
    }

    internal static bool TryRead(NetlinkMessage message, out NftChain chain)
    {
        chain = null!;
        if (!message.TryRead(out NfGenMsg header, out AttributeReader attributes)) return false;
        NftFamily family = (NftFamily)header.Family;
        NftChain read = new(family, "", "");
        NftHook? hook = null;
        string? type = null;
        while (attributes.TryRead(out NetlinkAttribute a))
        {
            if (a.Type == NFTA_CHAIN_HOOK) hook = ReadHook(a.Nested, family);
            if (a.Type == NFTA_CHAIN_TYPE) type = a.String;
            read = a.Type switch
            {
                NFTA_CHAIN_TABLE => read with { Table = a.String },
                NFTA_CHAIN_NAME => read with { Name = a.String },
                NFTA_CHAIN_HANDLE => read with { Handle = a.UInt64BigEndian },
                NFTA_CHAIN_POLICY => read with { Policy = (NftPolicy)a.UInt32BigEndian },
                NFTA_CHAIN_USE => read with { UseCount = a.UInt32BigEndian },
                NFTA_CHAIN_USERDATA => read with { Comment = UserData.ReadComment(a) },
                _ => read,
            };
        }
        chain = hook is null ? read : read with { Hook = hook with { Type = type ?? NftHook.Filter } };
        return !attributes.Failed;
    }

    private static NftHook ReadHook(AttributeReader attributes, NftFamily family)
    {
        uint point = 0;
        int priority = 0;
        List<string> devices = [];
        while (attributes.TryRead(out NetlinkAttribute a))
        {
            if (a.Type == NFTA_HOOK_HOOKNUM) point = a.UInt32BigEndian;
            else if (a.Type == NFTA_HOOK_PRIORITY) priority = (int)a.UInt32BigEndian;
            else if (a.Type == NFTA_HOOK_DEV && devices.Count == 0) devices.Add(a.String);
            else if (a.Type == NFTA_HOOK_DEVS)
            {
                devices.Clear();
                AttributeReader list = a.Nested;
                while (list.TryRead(out NetlinkAttribute device)) devices.Add(device.String);
            }
        }
        if (family == NftFamily.Netdev) point += NftHook.NetdevBase;
        return new NftHook((NftHookPoint)point, priority) { Devices = devices };
    }
}
