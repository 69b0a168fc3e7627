using Margay.Core.Net;
using Margay.Interop.Netlink;
using Margay.Netlink.Namespaces;

namespace Margay.Interop.Dataplane;

/// <summary>A machine beyond the host, on a link up0 of the host's, with routes to the workloads and a counter of whatever an nft match says.</summary>
internal sealed class Outside : IDisposable
{
    internal static readonly InetAddress V4 = InetAddress.Parse("198.51.100.2"), V6 = InetAddress.Parse("2001:db8:51::2");
    internal static readonly InetAddress HostV4 = InetAddress.Parse("198.51.100.1"), HostV6 = InetAddress.Parse("2001:db8:51::1");

    private readonly string _name;

    private Outside(TestHost host)
    {
        _name = $"{host.Name}-out";
        Namespace = NetworkNamespace.Create(_name).Value;
        host.Ip($"link add up0 type veth peer name eth0 netns {_name}");
        // Nobody is asked for while a link-local address is still being detected.
        host.Namespace.WriteSysctl("net/ipv6/conf/up0/accept_dad", "0").ThrowIfFailed();
        Namespace.WriteSysctl("net/ipv6/conf/eth0/accept_dad", "0").ThrowIfFailed();
        foreach (string line in (string[])["link set lo up", $"addr add {V4}/24 dev eth0", $"addr add {V6}/64 dev eth0 nodad", "link set eth0 up", $"route add 10.0.0.0/8 via {HostV4}"]) Ip(line);
        foreach (string line in (string[])[$"addr add {HostV4}/24 dev up0", $"addr add {HostV6}/64 dev up0 nodad", "link set up0 up"]) host.Ip(line);
        Ip($"route add fd00::/8 via {HostV6}");
    }

    internal NetworkNamespace Namespace { get; }

    /// <summary>Made, and the host's neighbour in both families.</summary>
    internal static async Task<Outside> StartAsync(TestHost host)
    {
        Outside outside = new(host);
        foreach (InetAddress address in (InetAddress[])[V4, V6])
            await Eventually.TrueAsync(() => Traffic.ArrivesAsync(host.Namespace, outside.Namespace, address, 9).GetAwaiter().GetResult(), TimeSpan.FromSeconds(10), () => $"{address} hears the host");
        return outside;
    }

    /// <summary>From now on, packets that arrive are counted if they match.</summary>
    internal void Count(params string[] matches) => Tool.RunWithInput(
        "ip",
        $"add table inet count\ndelete table inet count\nadd table inet count\nadd chain inet count in {{ type filter hook prerouting priority 0; }}\n" + string.Concat(matches.Select(m => $"add rule inet count in {m} counter\n")),
        ["netns", "exec", _name, "nft", "-f", "-"]);

    /// <summary>How many packets have matched, in the order of <see cref="Count"/>.</summary>
    internal string Counted() =>
        string.Join(' ', Tool.Run("ip", ["netns", "exec", _name, "nft", "list", "table", "inet", "count"]).Split('\n').Where(l => l.Contains("counter packets", StringComparison.Ordinal)).Select(l => l.Split("counter packets ")[1].Split(' ')[0]));

    internal void Ip(string commandLine) => Tool.Run("ip", ["-n", _name, .. commandLine.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);

    public void Dispose()
    {
        NetworkNamespace.Delete(_name);
        Namespace.Dispose();
    }
}
