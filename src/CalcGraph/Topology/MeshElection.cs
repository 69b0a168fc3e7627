using Margay.Api.Resources;
using Margay.Api.Selectors;
using Margay.CalcGraph.Nodes;

namespace Margay.CalcGraph.Topology;

/// <summary>The election in terms of resources: what the status of the BGPConfiguration "default" should say next.</summary>
public static class MeshElection
{
    /// <summary>Set by an agent that is a reflector and nothing else.</summary>
    public const string ReflectorLabel = "margay.dev/reflector";

    public const int DefaultMeshLimit = 100;
    private const int DefaultClientsPerReflector = 500;
    private const double DefaultTransitionSeconds = 30;
    private const double DefaultLossSeconds = 60;

    public static int MeshLimit(BGPConfigurationSpec? spec) => spec?.RouteReflection?.MeshLimit ?? DefaultMeshLimit;

    /// <param name="silence">For how long the agent of a node has not been heard of.</param>
    public static BGPConfigurationStatus Next(BGPConfiguration? configuration, IEnumerable<Node> nodes, Func<string, TimeSpan> silence, DateTimeOffset now)
    {
        BGPConfigurationSpec? spec = configuration?.Spec;
        RouteReflectionSpec? reflection = spec?.RouteReflection;
        bool meshWanted = spec?.NodeToNodeMeshEnabled != false;
        TimeSpan loss = TimeSpan.FromSeconds(Durations.TrySeconds(reflection?.LossTime) ?? DefaultLossSeconds);
        Selector eligible = Selector.TryParse(reflection?.NodeSelector, out Selector? parsed) ? parsed : Selector.Parse("!all()");
        uint asNumber = spec?.AsNumber?.Value ?? BgpCalculator.DefaultAsNumber;

        int all = 0;
        List<MeshMember> members = [];
        foreach (Node node in nodes)
        {
            NodeInfo info = NodeInfo.Of(node);
            if (!meshWanted || info.IsReflector || (info.Ipv4 is null && info.Ipv6 is null)) continue;
            all++;
            if (info.AsNumber is { } own && own != asNumber) continue;
            bool ready = node.Status?.Conditions?.Any(c => c.Type == "Ready" && c.Status == "False") != true;
            members.Add(new MeshMember(node.Name, MeshTopology.DomainOf(info, reflection), eligible.Matches(info.Labels), info.Labels.GetValueOrDefault(ReflectorLabel) == "true",
                (info.Ipv4 is null ? 0 : 1) + (info.Ipv6 is null ? 0 : 1), ready && silence(node.Name) < loss));
        }
        members.Sort((a, b) => string.CompareOrdinal(a.Node, b.Node));

        ElectionRules rules = new(meshWanted && reflection?.Mode != "Manual", MeshLimit(spec), MeshTopology.PerClient(reflection),
            reflection?.ClientsPerReflector ?? DefaultClientsPerReflector, TimeSpan.FromSeconds(Durations.TrySeconds(reflection?.TransitionTime) ?? DefaultTransitionSeconds));
        RouteReflectionStatus? before = configuration?.Status?.RouteReflection;
        RouteReflectionStatus next = ReflectorElection.Next(before, members, rules, now);
        return new BGPConfigurationStatus
        {
            MeshNodes = all,
            RouteReflection = next.Mesh && next.Reflectors.Count == 0 ? null : next,
            Conditions = ConditionsOf(configuration?.Status, all, next, spec, now),
        };
    }

    /// <summary>By value.</summary>
    public static bool SameAs(BGPConfigurationStatus? a, BGPConfigurationStatus? b) =>
        (a?.MeshNodes ?? 0) == (b?.MeshNodes ?? 0) && SameAs(a?.RouteReflection, b?.RouteReflection)
        && (a?.Conditions ?? []).SequenceEqual(b?.Conditions ?? []);

    public static bool SameAs(RouteReflectionStatus? a, RouteReflectionStatus? b) =>
        ReferenceEquals(a, b) || (a is not null && b is not null && a.Mesh == b.Mesh && a.Since == b.Since && a.Reflectors.SequenceEqual(b.Reflectors));

    private static List<Condition>? ConditionsOf(BGPConfigurationStatus? before, int nodes, RouteReflectionStatus state, BGPConfigurationSpec? spec, DateTimeOffset now)
    {
        if (nodes <= MeshLimit(spec) || !state.Mesh || state.Reflectors.Count > 0) return null;
        return
        [
            new Condition
            {
                Type = "MeshTooLarge",
                Status = "True",
                Reason = "TooManyNodes",
                Message = $"more than {MeshLimit(spec)} nodes peer with each other: give some nodes a routeReflectorClusterID and a BGPPeer, and set nodeToNodeMeshEnabled: false, or let the server elect reflectors with routeReflection.mode: Automatic",
                LastTransitionTime = before?.Conditions?.FirstOrDefault(c => c.Type == "MeshTooLarge")?.LastTransitionTime ?? DateTimeOffset.FromUnixTimeSeconds(now.ToUnixTimeSeconds()),
            },
        ];
    }
}
