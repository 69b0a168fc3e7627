using Margay.Api.NodeSync;
using Margay.Api.Resources;

namespace Margay.Interop.Dataplane;

/// <summary>Short ways to write policies.</summary>
internal static class Rules
{
    internal static ProfileView AllowAllProfile { get; } = new()
    {
        Name = "allow-all",
        Ingress = [new RuleView { Action = RuleAction.Allow }],
        Egress = [new RuleView { Action = RuleAction.Allow }],
    };

    internal static RuleView Allow => new() { Action = RuleAction.Allow };
    internal static RuleView Deny => new() { Action = RuleAction.Deny };

    internal static RuleView Tcp(this RuleView rule, ushort port) =>
        rule with { Protocol = Protocol.Tcp, Destination = (rule.Destination ?? new SideView()) with { Ports = [new PortRange(port, port)] } };

    internal static RuleView Udp(this RuleView rule, ushort port) => rule.Tcp(port) with { Protocol = Protocol.Udp };

    internal static RuleView FromNets(this RuleView rule, params string[] nets) => rule with { Source = new SideView { Nets = nets } };
    internal static RuleView FromSet(this RuleView rule, string set) => rule with { Source = new SideView { Sets = [set] } };

    internal static PolicyView Ingress(string name, params RuleView[] rules) =>
        new() { Id = $"GlobalNetworkPolicy/{name}", Tier = "default", Ingress = [.. rules.Select((r, i) => r with { Index = i })] };

    internal static PolicyView Egress(string name, params RuleView[] rules) =>
        new() { Id = $"GlobalNetworkPolicy/{name}", Tier = "default", Egress = [.. rules.Select((r, i) => r with { Index = i })] };
}
