using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.Core.Net;

namespace Margay.Policy.Tests;

/// <summary>Short words for rules, policies and packets.</summary>
internal static class Given
{
    public static RuleView Rule(RuleAction action, int index = 0, byte? protocol = null, SideView? from = null, SideView? to = null) =>
        new() { Action = action, Index = index, Protocol = protocol, Source = from, Destination = to };

    public static RuleView Allow => Rule(RuleAction.Allow);
    public static RuleView Deny => Rule(RuleAction.Deny);
    public static RuleView Pass => Rule(RuleAction.Pass);
    public static RuleView Log => Rule(RuleAction.Log);

    /// <summary>A rule that the packets of these tests do not match.</summary>
    public static RuleView Other => Rule(RuleAction.Allow, protocol: 99);

    public static PolicyView PolicyOf(string id, params RuleView[] ingress) =>
        new() { Id = id, Tier = "default", Ingress = [.. ingress.Select((r, i) => r with { Index = i })] };

    public static ProfileView ProfileOf(string name, params RuleView[] ingress) =>
        new() { Name = name, Ingress = [.. ingress.Select((r, i) => r with { Index = i })] };

    public static PolicySetTier Tier(string name, TierDefault end, params string[] policies) => new(name, end, [.. policies]);

    public static CompiledPolicySet Compile(PolicySetTier[] tiers, string[] profiles, PolicyView[] policies, params ProfileView[] profileViews)
    {
        PolicySet set = new(PolicyType.Ingress, [.. tiers], [.. profiles]);
        return PolicyCompiler.Link(
            set,
            id => policies.FirstOrDefault(p => p.Id == id) is { } p ? PolicyCompiler.Compile(p, PolicyType.Ingress) : null,
            name => profileViews.FirstOrDefault(p => p.Name == name) is { } p ? PolicyCompiler.Compile(p, PolicyType.Ingress) : null);
    }

    public static Packet Tcp(string source, string destination, ushort port = 80, ushort sourcePort = 40000) => new()
    {
        Source = InetAddress.Parse(source), Destination = InetAddress.Parse(destination), Protocol = Protocol.Tcp, SourcePort = sourcePort, DestinationPort = port,
    };

    public static AddressSets NoSets => new();
}
