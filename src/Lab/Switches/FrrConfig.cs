using System.Globalization;
using System.Text;
using Margay.Core.Net;

namespace Margay.Lab.Switches;

/// <summary>
/// bgpd.conf of a switch: eBGP to the switches it is cabled to, and to any host of its rack that calls, whatever its AS
/// (<c>bgp listen range</c>). One session for each address family, as agents do it.
/// </summary>
internal static class FrrConfig
{
    internal static string Bgp(SwitchView view)
    {
        StringBuilder text = new();
        void Line(string line) => text.Append(line).Append('\n');
        string Number(uint n) => n.ToString(CultureInfo.InvariantCulture);

        Line($"hostname {view.Switch.Name}");
        Line("log stdout informational");
        Line($"router bgp {Number(view.Switch.As)}");
        Line($" bgp router-id {view.Switch.RouterId}");
        Line(" no bgp ebgp-requires-policy");
        Line(" no bgp default ipv4-unicast");
        Line(" bgp bestpath as-path multipath-relax");
        Line(" timers bgp 3 9");
        foreach (SwitchNeighbour n in view.Neighbours)
        {
            Line($" neighbor {n.Remote} remote-as {Number(n.As)}");
            Line($" neighbor {n.Remote} description {n.Name}");
            Line($" neighbor {n.Remote} timers connect 1");
        }
        foreach (IpPrefix subnet in view.HostSubnets)
        {
            Line($" neighbor {HostGroup(subnet.IsIPv6)} peer-group");
            Line($" neighbor {HostGroup(subnet.IsIPv6)} remote-as external");
            Line($" bgp listen range {subnet} peer-group {HostGroup(subnet.IsIPv6)}");
        }
        foreach (bool v6 in (bool[])[false, true])
        {
            Line($" address-family {(v6 ? "ipv6" : "ipv4")} unicast");
            Line("  redistribute connected");
            Line("  maximum-paths 8");
            foreach (SwitchNeighbour n in view.Neighbours.Where(n => n.Remote.IsIPv6 == v6)) Line($"  neighbor {n.Remote} activate");
            if (view.HostSubnets.Any(s => s.IsIPv6 == v6)) Line($"  neighbor {HostGroup(v6)} activate");
            Line(" exit-address-family");
        }
        return text.ToString();
    }

    private static string HostGroup(bool v6) => v6 ? "HOSTS6" : "HOSTS4";
}
