using CsCheck;
using Margay.Api.Resources;
using Margay.CalcGraph.Explain;
using Change = Margay.CalcGraph.Tests.World.Change;

namespace Margay.CalcGraph.Tests.Explain;

/// <summary>What a change changes: the short way (only whom it touches, only the ports that matter) gives what asking everyone for everything gives.</summary>
public class PolicyDifferenceTests
{
    private static readonly Gen<(ClusterPolicy Before, ClusterPolicy After)> Changes =
        Gen.Select(World.AnyChange.Array[1, 50], World.AnyChange.Array[1, 4]).Select((first, then) => (new ClusterPolicy(State(first)), new ClusterPolicy(State([.. first, .. then]))));

    /// <summary>Ports beside those that the world's rules name: at the edges of ranges, within them, and far away.</summary>
    private static readonly Flow[] Flows = [.. new[] { "22/tcp", "179/tcp", "79/tcp", "80/tcp", "81/tcp", "443/tcp", "999/tcp", "1000/tcp", "1500/tcp", "2000/tcp", "2001/tcp", "8080/tcp", "80/udp", "53/udp", "1500/udp", "icmp" }.Select(Read)];

    private static Flow Read(string text) => Flow.TryParse(text, out Flow flow) ? flow : throw new ArgumentException(text);

    private static List<Resource> State(Change[] changes) => [.. changes.GroupBy(c => c.Key).Select(g => g.Last().Resource).OfType<Resource>()];

    private static HashSet<(string, string, string, bool)> AskEveryone(ClusterPolicy before, ClusterPolicy after)
    {
        HashSet<string?> guarded = [.. before.Resources.Concat(after.Resources).OfType<HostEndpoint>().Select(h => h.Spec.Node)];
        (Party Now, Party Then)[] parties =
        [
            .. from now in after.Parties.Workloads join then in before.Parties.Workloads on now.EndpointId equals then.EndpointId select ((Party)now, (Party)then),
            .. from now in after.Parties.Hosts join then in before.Parties.Hosts on now.Node equals then.Node
               where guarded.Contains(now.Node) || before.ViewOf(now.Node).Settings?.EndpointToHostAction != after.ViewOf(now.Node).Settings?.EndpointToHostAction
               select ((Party)now, (Party)then),
        ];
        return [.. from a in parties from b in parties where a.Now != b.Now from f in Flows from v6 in new[] { false, true }
                   where new[] { a.Now, b.Now, a.Then, b.Then }.All(p => p.Address(v6) is not null)
                       && before.Decide(a.Then, b.Then, f, v6).Allowed != after.Decide(a.Now, b.Now, f, v6).Allowed
                   select (a.Now.Name, b.Now.Name, f.ToString(), v6)];
    }

    [Fact]
    public void Find_FindsWhatAskingEveryoneFinds() => Changes.Sample(c =>
    {
        Differences found = PolicyDifference.Find(c.Before, c.After, Flows);
        Assert.True(found.IsComplete);
        Assert.Equal(AskEveryone(c.Before, c.After), found.Changes.Select(x => (x.From.Name, x.To.Name, x.Flow.ToString(), x.IsIPv6)).ToHashSet());
    }, iter: 100);

    [Fact]
    public void PortsItThinksOf_MissNoPair() => Changes.Sample(c =>
    {
        HashSet<(string, string, bool)> found = [.. PolicyDifference.Find(c.Before, c.After).Changes.Select(x => (x.From.Name, x.To.Name, x.IsIPv6))];
        foreach ((string from, string to, string flow, bool v6) in AskEveryone(c.Before, c.After)) Assert.True(found.Contains((from, to, v6)), $"{from} to {to}, {flow}");
    }, iter: 100, print: c => string.Join('\n', c.Before.Resources.Except(c.After.Resources).Select(r => $"- {Text(r)}").Concat(c.After.Resources.Except(c.Before.Resources).Select(r => $"+ {Text(r)}"))));

    private static string Text(Resource resource) => System.Text.Json.JsonSerializer.Serialize(resource, ResourceKinds.All.Single(k => k.TypeInfo.Type == resource.GetType()).TypeInfo);

    [Fact]
    public void NoChange_ChangesNothing() => Changes.Sample(c =>
    {
        Differences found = PolicyDifference.Find(c.Before, new ClusterPolicy(c.Before.Resources.Reverse()));
        Assert.Equal((0, 0L), (found.Changes.Count, found.Asked));
    }, iter: 50);
}
