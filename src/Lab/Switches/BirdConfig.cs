using System.Globalization;
using System.Text;
using Margay.Core.Net;

namespace Margay.Lab.Switches;

/// <summary>
/// bird.conf of a switch, to the same effect as <see cref="FrrConfig"/>. Hosts are dynamic neighbours (<c>neighbor range</c>).
/// </summary>
internal static class BirdConfig
{
    internal static string Render(SwitchView view)
    {
        StringBuilder text = new();
        string own = view.Switch.As.ToString(CultureInfo.InvariantCulture);
        text.Append(CultureInfo.InvariantCulture, $$"""
            log stderr all;
            hostname "{{view.Switch.Name}}";
            router id {{view.Switch.RouterId}};

            protocol device { scan time 5; }
            protocol direct { ipv4; ipv6; }
            protocol kernel kernel4 { merge paths on; ipv4 { export where source = RTS_BGP; }; }
            protocol kernel kernel6 { merge paths on; ipv6 { export where source = RTS_BGP; }; }

            template bgp fabric {
              local as {{own}};
              hold time 9;
              keepalive time 3;
              connect retry time 1;
              connect delay time 1;
              error wait time 1, 5;
            }

            """);
        foreach (SwitchNeighbour n in view.Neighbours)
        {
            text.Append(CultureInfo.InvariantCulture, $$"""

                protocol bgp {{Identifier(n.Name)}}_{{Channel(n.Remote.IsIPv6)}} from fabric {
                  description "{{n.Name}}";
                  source address {{n.Local}};
                  neighbor {{n.Remote}} as {{n.As}};
                  {{Channel(n.Remote.IsIPv6)}} { import all; export where source ~ [ RTS_DEVICE, RTS_BGP ]; };
                }

                """);
        }
        foreach (IpPrefix subnet in view.HostSubnets)
        {
            text.Append(CultureInfo.InvariantCulture, $$"""

                protocol bgp hosts_{{Channel(subnet.IsIPv6)}} from fabric {
                  neighbor range {{subnet}} external;
                  dynamic name "host_{{Channel(subnet.IsIPv6)}}_";
                  {{Channel(subnet.IsIPv6)}} { import all; export where source ~ [ RTS_DEVICE, RTS_BGP ]; };
                }

                """);
        }
        return text.ToString();
    }

    private static string Channel(bool v6) => v6 ? "ipv6" : "ipv4";

    /// <summary>BIRD's names have no '-', and do not begin with a digit.</summary>
    private static string Identifier(string name) => "to_" + name.Replace('-', '_');
}
