using CsCheck;
using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Change = Margay.CalcGraph.Tests.World.Change;

namespace Margay.CalcGraph.Tests;

/// <summary>The output depends on the state, never on the way to it; deltas add up to the view; and the view is what a plain reading of the resources gives.</summary>
public class GraphPropertyTests
{
    private static readonly Gen<(Change Change, int Flush)[]> Histories = Gen.Select(World.AnyChange, Gen.Int[0, 3]).Array[1, 60];

    [Fact]
    public void Deltas_AddUpToTheSnapshot_AndTheSnapshotToAFreshGraph() => Histories.Sample(history =>
    {
        Run run = new();
        foreach ((Change change, int flush) in history)
        {
            run.Apply(change);
            if (flush == 0) run.FlushAndCheck();
        }
        run.FlushAndCheck();
    }, iter: 200, print: h => string.Join(' ', h.Select(x => $"{x.Change}{(x.Flush == 0 ? "|" : "")}")));

    [Fact]
    public void SubscribingAtAnyTime_GivesTheSameView() => Gen.Select(Histories, Gen.Int[0, 59], Gen.Int[0, 59], Gen.Bool).Sample((history, from, until, viaSnapshot) =>
    {
        Run run = new(subscribe: false);
        for (int i = 0; i < history.Length; i++)
        {
            if (i == from) run.Subscribe(viaSnapshot);
            if (i == until) run.Unsubscribe();
            run.Apply(history[i].Change);
            if (history[i].Flush == 0) run.FlushAndCheck();
        }
        run.FlushAndCheck();
    }, iter: 200);

    [Fact]
    public void AnyWayThroughTheStates_EndsInTheSameView() => Histories.Sample(history =>
    {
        List<Change> changes = [.. history.Select(h => h.Change)];
        Dictionary<ObjectKey, Change> last = [];
        foreach (Change c in changes) last[c.Key] = c;
        List<Change> final = [.. last.Values];

        string expected = Follow(changes, flushEach: true);
        Assert.Equal(expected, Follow(changes, flushEach: false));                                 // squashed
        Assert.Equal(expected, Follow([.. final], flushEach: true));                               // straight
        Assert.Equal(expected, Follow([.. final.AsEnumerable().Reverse()], flushEach: true));      // reversed
        Assert.Equal(expected, Follow([.. changes.SelectMany(c => new[] { c, c })], flushEach: true)); // duplicated
        Assert.Equal(expected, Follow([.. changes.AsEnumerable().Reverse(), .. final], flushEach: true)); // backwards, then there
        Assert.Equal(expected, Follow([.. changes.SelectMany(c => new[] { c with { Resource = null }, c })], flushEach: true)); // split by absence
    }, iter: 60);

    [Fact]
    public void View_IsWhatAPlainReadingGives() => Histories.Sample(history =>
    {
        Dictionary<ObjectKey, Resource> state = [];
        Graph graph = new(new GraphOptions { Epoch = "e" });
        foreach ((Change change, _) in history)
        {
            if (change.Resource is { } resource)
            {
                graph.Apply(resource);
                state[change.Key] = resource;
            }
            else
            {
                graph.Remove(change.Key);
                state.Remove(change.Key);
            }
        }
        foreach (string node in World.Nodes) PlainReading.AssertAgrees(state.Values, node, ViewModel.Of(graph.Snapshot(node)));
    }, iter: 200);

    private static string Follow(IReadOnlyList<Change> changes, bool flushEach)
    {
        Run run = new();
        foreach (Change change in changes)
        {
            run.Apply(change);
            if (flushEach) run.Flush();
        }
        run.Flush();
        return run.Describe();
    }

    /// <summary>A graph, its state kept beside it, and the agents that listen.</summary>
    private sealed class Run
    {
        private readonly Graph _graph = new(new GraphOptions { Epoch = "e" });
        private readonly Dictionary<ObjectKey, Resource> _state = [];
        private readonly Dictionary<string, ViewModel> _agents = [];
        private long _revision;

        public Run(bool subscribe = true)
        {
            if (subscribe) Subscribe(viaSnapshot: false);
        }

        public void Subscribe(bool viaSnapshot)
        {
            foreach (string node in World.Nodes)
            {
                _graph.Subscribe(node);
                _agents[node] = viaSnapshot ? ViewModel.Of(_graph.Snapshot(node)) : new ViewModel();
            }
        }

        public void Unsubscribe()
        {
            foreach (string node in World.Nodes) _graph.Unsubscribe(node);
            _agents.Clear();
        }

        public void Apply(Change change)
        {
            if (change.Resource is { } resource)
            {
                _graph.Apply(resource);
                _state[change.Key] = resource;
            }
            else
            {
                _graph.Remove(change.Key);
                _state.Remove(change.Key);
            }
        }

        public void Flush()
        {
            foreach ((string node, ViewDelta delta) in _graph.Flush(++_revision)) _agents[node].Apply(delta);
        }

        public void FlushAndCheck()
        {
            Flush();
            Assert.Empty(_graph.Flush(++_revision));
            Graph fresh = new(new GraphOptions { Epoch = "e" });
            foreach (Resource resource in _state.Values) fresh.Apply(resource);
            foreach ((string node, ViewModel agent) in _agents)
            {
                Assert.Equal(ViewModel.Of(fresh.Snapshot(node)).Describe(), agent.Describe());
                Assert.Equal(ViewModel.Of(_graph.Snapshot(node)).Describe(), agent.Describe());
            }
        }

        public string Describe() => string.Join('\n', _agents.Values.Select(a => a.Describe()));
    }
}
