using System.Globalization;
using CsCheck;
using Margay.Api.Resources;
using Margay.CalcGraph.Topology;

namespace Margay.CalcGraph.Tests.Topology;

/// <summary>The election as a function: what it promises whatever happens to the nodes.</summary>
public class ReflectorElectionTests
{
    private static readonly ElectionRules s_rules = new(Enabled: true, MeshLimit: 5, PerClient: 2, ClientsPerReflector: 10, TimeSpan.FromSeconds(30));
    private static readonly DateTimeOffset s_start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly Gen<List<MeshMember>> s_members =
        from racks in Gen.Int[1, 5]
        from count in Gen.Int[3, 40]
        from dead in Gen.Int[0, 100].Array[count]
        from eligible in Gen.Int[0, 9].Array[count]
        select Enumerable.Range(0, count).Select(i => Member(i, racks, dead[i] >= 15, eligible[i] > 0)).ToList();

    [Fact]
    public void AMeshThatGrowsTooLarge_IsReplaced_WithBothHeldMeanwhile()
    {
        List<MeshMember> members = Nodes(6, racks: 3);
        RouteReflectionStatus joining = Next(null, members, 0);
        Assert.True(joining.Mesh);
        Assert.Equal(2, joining.Reflectors.Count);
        Assert.All(joining.Reflectors, r => Assert.Equal(ReflectorState.Joining, r.State));
        Assert.Same(joining, Next(joining, members, 29));
        RouteReflectionStatus active = Next(joining, members, 30);
        Assert.False(active.Mesh);
        Assert.All(active.Reflectors, r => Assert.Equal(ReflectorState.Active, r.State));
        Assert.Same(active, Next(active, members, 1000));
    }

    [Theory]
    [InlineData(5, false)]
    [InlineData(6, true)]
    public void TheLimitIsTheLargestMesh(int nodes, bool elects) => Assert.Equal(elects, Next(null, Nodes(nodes, 2), 0).Reflectors.Count > 0);

    [Fact]
    public void FewNodesAgain_MeshAgain_NotAtOnceBelowTheLimit()
    {
        RouteReflectionStatus active = Settled(Nodes(10, 2));
        Assert.False(Next(active, Nodes(4, 2), 100).Mesh);
        RouteReflectionStatus leaving = Next(active, Nodes(3, 2), 100);
        Assert.True(leaving.Mesh);
        Assert.All(leaving.Reflectors, r => Assert.Equal(ReflectorState.Leaving, r.State));
        RouteReflectionStatus gone = Next(leaving, Nodes(3, 2), 200);
        Assert.True(gone.Mesh);
        Assert.Empty(gone.Reflectors);
    }

    [Fact]
    public void ALostOne_IsReplaced_AndServesUntilTheReplacementHas()
    {
        List<MeshMember> members = Nodes(12, racks: 4);
        RouteReflectionStatus before = Settled(members);
        string lost = before.Reflectors[0].Node;
        List<MeshMember> now = [.. members.Select(m => m.Node == lost ? m with { Alive = false } : m)];
        RouteReflectionStatus during = Next(before, now, 100);
        Assert.Equal(ReflectorState.Leaving, during.Reflectors.Single(r => r.Node == lost).State);
        Assert.Single(during.Reflectors, r => r.State == ReflectorState.Joining);
        RouteReflectionStatus after = Next(during, now, 200);
        Assert.DoesNotContain(after.Reflectors, r => r.Node == lost);
        Assert.Equal(before.Reflectors.Count, after.Reflectors.Count);
        Assert.Equal(before.Reflectors.Count - 1, before.Reflectors.Intersect(after.Reflectors).Count());
        // It comes back: nothing moves.
        Assert.Same(after, Next(after, members, 300));
    }

    [Fact]
    public void MostNodesSilentAtOnce_IsNoReasonToChange()
    {
        List<MeshMember> members = Nodes(12, racks: 4);
        RouteReflectionStatus before = Settled(members);
        Assert.Same(before, Next(before, [.. members.Select((m, i) => m with { Alive = i < 5 })], 100));
    }

    [Fact]
    public void DedicatedReflectorsComeFirst_AndWhoMayNotIsNotElected()
    {
        List<MeshMember> members = [.. Nodes(12, racks: 4).Select((m, i) => m with { Preferred = i is 3 or 7, Eligible = i > 2 })];
        List<string> elected = [.. Settled(members).Reflectors.Select(r => r.Node)];
        Assert.Equal(3, elected.Count);
        Assert.Contains("n03", elected);
        Assert.Contains("n07", elected);
        Assert.DoesNotContain(elected, e => e is "n00" or "n01" or "n02");
    }

    [Fact]
    public void WhenSwitchedOff_TheMeshReturns()
    {
        RouteReflectionStatus active = Settled(Nodes(12, 3));
        RouteReflectionStatus off = ReflectorElection.Next(active, Nodes(12, 3), s_rules with { Enabled = false }, s_start.AddSeconds(100));
        Assert.True(off.Mesh);
        Assert.All(off.Reflectors, r => Assert.Equal(ReflectorState.Leaving, r.State));
    }

    [Fact]
    public void Elected_AreSpread_AndEnough() => s_members.Sample(members =>
    {
        if (members.Count <= s_rules.MeshLimit || members.Count(m => m.Eligible && m.Alive) * 2 < members.Count(m => m.Eligible)) return;
        RouteReflectionStatus state = Settled(members);
        List<MeshMember> chosen = [.. state.Reflectors.Select(r => members.Single(m => m.Node == r.Node))];
        List<MeshMember> usable = [.. members.Where(m => m.Eligible && m.Alive)];
        Assert.All(chosen, c => Assert.Contains(c, usable));
        Assert.Equal(Math.Min(ReflectorElection.Wanted(members.Count, s_rules), usable.Count), chosen.Count);
        Assert.Equal(Math.Min(chosen.Count, usable.Select(u => u.Domain).Distinct().Count()), chosen.Select(c => c.Domain).Distinct().Count());
        // Without reason it does not move, and it depends on nothing but what it is given.
        Assert.Same(state, Next(state, members, 1000));
        Assert.True(MeshElection.SameAs(state, Settled([.. members.AsEnumerable().Reverse()])));
    });

    [Fact]
    public void ClientsHaveTwo_OfDifferentRacks_AndKeepThem() =>
        (from racks in Gen.Int[2, 5] from count in Gen.Int[2, 20] from clients in Gen.Int[1, 30] select (racks, count, clients)).Sample(c =>
        {
            List<(string, string)> reflectors = [.. Enumerable.Range(0, c.count).Select(i => ($"r{i}", $"rack{i % c.racks}"))];
            int moved = 0;
            for (int i = 0; i < c.clients; i++)
            {
                string client = $"c{i}";
                List<string> two = ReflectorAssignment.Of(client, reflectors, 2);
                Assert.Equal(2, two.Distinct().Count());
                Assert.Equal(2, two.Select(t => reflectors.Single(r => r.Item1 == t).Item2).Distinct().Count());
                List<string> less = ReflectorAssignment.Of(client, [.. reflectors.Where(r => r.Item1 != "r0")], 2);
                if (!two.Contains("r0")) Assert.Equal(two, less);
                else moved++;
            }
            Assert.True(c.count < 10 || moved <= c.clients);
        });

    [Fact]
    public void WhateverHappens_NoStepTakesAwayWhatItHasNotReplaced() =>
        (from first in s_members from rest in s_members.Array[1, 6] from waits in Gen.Int[1, 60].Array[24] select (first, rest, waits)).Sample(c =>
        {
            RouteReflectionStatus state = Next(null, c.first, 0);
            int at = 0;
            for (int i = 0; i < c.waits.Length; i++)
            {
                at += c.waits[i];
                List<MeshMember> members = c.rest[i % c.rest.Length];
                RouteReflectionStatus next = Next(state, members, at);
                if (ReferenceEquals(next, state)) continue;
                // Who serves now has been told to leave, or its replacement to come, a step earlier.
                foreach (ReflectorStatus gone in state.Reflectors.Where(r => next.Reflectors.All(n => n.Node != r.Node))) Assert.Equal(ReflectorState.Leaving, gone.State);
                foreach (ReflectorStatus fresh in next.Reflectors.Where(r => state.Reflectors.All(s => s.Node != r.Node))) Assert.Equal(ReflectorState.Joining, fresh.State);
                if (state.Mesh && !next.Mesh) Assert.Contains(state.Reflectors, r => r.State != ReflectorState.Leaving);
                Assert.True(next.Mesh || next.Reflectors.Any(r => r.State != ReflectorState.Joining));
                state = next;
            }
        });

    private static RouteReflectionStatus Next(RouteReflectionStatus? state, List<MeshMember> members, int seconds) => ReflectorElection.Next(state, members, s_rules, s_start.AddSeconds(seconds));

    private static RouteReflectionStatus Settled(List<MeshMember> members) => Next(Next(null, members, 0), members, 30);

    private static List<MeshMember> Nodes(int count, int racks) => [.. Enumerable.Range(0, count).Select(i => Member(i, racks))];

    private static MeshMember Member(int i, int racks, bool alive = true, bool eligible = true) =>
        new(string.Create(CultureInfo.InvariantCulture, $"n{i:00}"), $"rack{i % racks}", eligible, Preferred: false, Families: 1, alive);
}
