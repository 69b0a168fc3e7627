using Margay.Dataplane.Kernel;
using Margay.Netlink.Sockets;

namespace Margay.Dataplane.Drivers;

/// <summary>Settings of the whole host: it forwards, both families. Checked at start and when the kernel says that one changed. Owned by the dataplane's loop.</summary>
public sealed class HostSettings(IKernel kernel)
{
    private static readonly (string Key, string Value)[] s_wanted =
    [
        ("net/ipv4/ip_forward", "1"),
        ("net/ipv6/conf/all/forwarding", "1"),
    ];

    public bool NeedsCheck { get; set; } = true;

    /// <summary>For a namespace that goes: whatever the kernel refuses, the links go next.</summary>
    public void StopForwarding()
    {
        foreach ((string key, _) in s_wanted) kernel.WriteSysctl(key, "0");
    }

    /// <returns>False when one was refused.</returns>
    public bool Apply()
    {
        if (!NeedsCheck) return true;
        bool ok = true;
        IReadOnlyList<NetlinkResult<string>> found = kernel.ReadSysctls([.. s_wanted.Select(w => w.Key)]);
        foreach (((string key, string value), NetlinkResult<string> read) in s_wanted.Zip(found))
        {
            // A kernel without IPv6 has nothing to set.
            if (read.IsNotFound || (read.Ok && read.Value == value)) continue;
            ok &= kernel.WriteSysctl(key, value).Ok;
        }
        NeedsCheck = !ok;
        return ok;
    }
}
