using System.Diagnostics;
using Margay.Interop.Netlink;
using Margay.Netlink.Namespaces;

namespace Margay.Interop.Agent;

/// <summary>
/// FRR as a border leaf beside a <see cref="Cluster"/>, 192.0.2.50: zebra and bgpd with a network namespace as VRF, in it a bridge whose MAC is the Router's MAC, on that the VXLAN link, and outside
/// addresses. Ended and removed with the test.
/// </summary>
internal sealed class BorderLeaf : IDisposable
{
    internal const string Address = "192.0.2.50", OutsideV4 = "10.9.0.1", OutsideV6 = "fd09::1";

    private readonly string _folder = Directory.CreateTempSubdirectory("mgy-leaf-").FullName;
    private readonly string _name;
    private readonly NetworkNamespace _host;
    private readonly Process _daemons;

    /// <param name="neighbours">Addresses of the hosts or reflectors, all in AS 64512.</param>
    internal BorderLeaf(Cluster cluster, uint vni, params string[] neighbours)
    {
        // FRR gives up root before it opens its files.
        Tool.Run("chmod", "777", _folder);
        _name = cluster.NameOf("leaf");
        _host = NetworkNamespace.Create(_name).Value;
        Vrf = NetworkNamespace.Create(_name + "-vrf").Value;
        Tool.Run("ip", "-n", cluster.NameOf("hub"), "link", "add", "leaf", "type", "veth", "peer", "name", "up0", "netns", _name);
        Tool.Run("ip", "-n", cluster.NameOf("hub"), "link", "set", "leaf", "master", "br0", "up");
        foreach (string command in (string[])["link set lo up", $"address add {Address}/24 dev up0", "link set up0 up", $"link add vx0 type vxlan id {vni} local {Address} dstport 4789 nolearning", $"link set vx0 netns {_name}-vrf"])
            Tool.Run("ip", ["-n", _name, .. command.Split(' ')]);
        foreach (string command in (string[])
            ["link set lo up", $"address add {OutsideV4}/32 dev lo", $"address add {OutsideV6}/128 dev lo", "link add br0 address 02:aa:00:00:00:50 type bridge", "link set vx0 master br0 up", "link set br0 up"])
            Tool.Run("ip", ["-n", _name + "-vrf", .. command.Split(' ')]);
        Vrf.WriteSysctls([new("net/ipv4/ip_forward", "1"), new("net/ipv6/conf/all/forwarding", "1")]);
        Write("zebra.conf", $"log file {_folder}/zebra.log\nvrf tenant\n vni {vni}\nexit-vrf\n");
        Write("bgpd.conf", BgpConfig(vni, neighbours));
        _daemons = _host.Start(new ProcessStartInfo("unshare") { ArgumentList = { "-m", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", Script, "sh", _folder, $"{NetworkNamespace.Directory}/{_name}-vrf" } });
    }

    /// <summary>The tenant's side of it.</summary>
    internal NetworkNamespace Vrf { get; }

    internal string VrfState(params string[] command) => Tool.Run("ip", ["-n", _name + "-vrf", .. command]);

    /// <summary>Of the BGP messages that a display filter of tshark selects, a field each.</summary>
    internal string[] Captured(string filter, string field) =>
        Tool.Run("tshark", "-r", Path.Combine(_folder, "bgp.pcap"), "-Y", filter, "-T", "fields", "-e", field).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>What bgpd answers.</summary>
    internal string Ask(string command) => Tool.Run("vtysh", "--vty_socket", _folder, "-d", "bgpd", "-c", command);

    /// <summary>What bgpd knows, for a test that fails.</summary>
    internal string Log => string.Join('\n', Directory.GetFiles(_folder, "*.log").Select(File.ReadAllText).Append(Ask("show bgp l2vpn evpn")));

    // The shell stays, and everything ends with it: a daemon that gives up root is not told of its parent's death any more.
    // zebra takes every namespace below /run/netns for a VRF, so it sees one of its own with nothing but the tenant's.
    private const string Script = """
        set -e
        touch $1/ns; mount --bind $2 $1/ns
        mount -t tmpfs t /run/netns; touch /run/netns/tenant; mount --bind $1/ns /run/netns/tenant
        mount -t tmpfs t /var/run/frr; chown frr:frr /var/run/frr
        tcpdump -i up0 -Z root -U -w $1/bgp.pcap port 179 2>$1/tcpdump.out &
        while [ ! -s $1/bgp.pcap ]; do sleep 0.1; done
        /usr/lib/frr/zebra -n -P 0 -f $1/zebra.conf -z $1/zserv -i $1/zebra.pid --vty_socket $1 >$1/zebra.out 2>&1 &
        while [ ! -S $1/zserv ]; do sleep 0.1; done
        /usr/lib/frr/bgpd -P 0 -f $1/bgpd.conf -z $1/zserv -i $1/bgpd.pid --vty_socket $1 >$1/bgpd.out 2>&1 &
        wait
        """;

    private string BgpConfig(uint vni, string[] neighbours) => $"""
        log file {_folder}/bgpd.log
        router bgp 64512
         bgp router-id {Address}
         no bgp default ipv4-unicast
        {string.Join('\n', neighbours.Select(n => $" neighbor {n} remote-as 64512\n neighbor {n} timers connect 1"))}
         address-family l2vpn evpn
        {string.Join('\n', neighbours.Select(n => $"  neighbor {n} activate"))}
          advertise-all-vni
         exit-address-family
        !
        router bgp 64512 vrf tenant
         bgp router-id {Address}
         address-family ipv4 unicast
          redistribute connected
         exit-address-family
         address-family ipv6 unicast
          redistribute connected
         exit-address-family
         address-family l2vpn evpn
          advertise ipv4 unicast
          advertise ipv6 unicast
          rd {Address}:7
          route-target both 64512:{vni}
         exit-address-family

        """;

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(_folder, name), text.ReplaceLineEndings("\n"));

    public void Dispose()
    {
        if (!_daemons.HasExited) _daemons.Kill();
        _daemons.WaitForExit();
        _daemons.Dispose();
        Vrf.Dispose();
        _host.Dispose();
        NetworkNamespace.Delete(_name + "-vrf");
        NetworkNamespace.Delete(_name);
        Directory.Delete(_folder, recursive: true);
    }
}
