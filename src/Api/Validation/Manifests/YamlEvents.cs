using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Margay.Api.Validation.Manifests;

/// <summary>A part of YAML that is valid, but not read here.</summary>
internal sealed class YamlRefusedException(int line, string message) : Exception(message)
{
    public int Line { get; } = line;
}

/// <summary>The events of a YAML text with each alias replaced by the events of its anchor, up to a limit.</summary>
internal sealed class YamlEvents(TextReader text)
{
    private const int MaxAliasedEvents = 10_000;

    private readonly Parser _parser = new(new Scanner(text, skipComments: true));
    private readonly Dictionary<string, List<ParsingEvent>> _anchors = new(StringComparer.Ordinal);
    private readonly List<Recording> _recordings = [];
    private readonly Stack<Replay> _replays = new();
    private int _aliased;

    public ParsingEvent Next()
    {
        ParsingEvent next = Read();
        for (; next is AnchorAlias alias; next = Read())
        {
            string name = alias.Value.Value;
            if (!_anchors.TryGetValue(name, out List<ParsingEvent>? events)) throw new YamlRefusedException((int)alias.Start.Line, $"the alias *{Leaf.Printable(name)} has no (finished) anchor before it");
            _replays.Push(new Replay(events));
        }

        return next;
    }

    /// <summary>Anchors are of one document.</summary>
    public void ForgetAnchors()
    {
        _anchors.Clear();
        _recordings.Clear();
        _replays.Clear();
        _aliased = 0;
    }

    private ParsingEvent Read()
    {
        while (_replays.TryPeek(out Replay? replay))
        {
            if (replay.TryNext(out ParsingEvent? replayed))
            {
                if (++_aliased > MaxAliasedEvents) throw new YamlRefusedException((int)replayed.Start.Line, $"the aliases of this document expand to more than {MaxAliasedEvents} values");
                return replayed;
            }

            _replays.Pop();
        }

        ParsingEvent next = Parse();
        Record(next);
        return next;
    }

    private ParsingEvent Parse()
    {
        try
        {
            return _parser.MoveNext() ? _parser.Current! : throw new YamlRefusedException(0, "the text ends too early");
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or IndexOutOfRangeException)
        {
            // The parser's own state gives way on some malformed texts.
            throw new YamlRefusedException((int)(_parser.Current?.End.Line ?? 0), "this is not YAML");
        }
    }

    private void Record(ParsingEvent next)
    {
        if (next is NodeEvent { Anchor.IsEmpty: false } anchored)
        {
            string name = anchored.Anchor.Value;
            if (_anchors.ContainsKey(name) || _recordings.Exists(r => r.Anchor == name))
                throw new YamlRefusedException((int)next.Start.Line, $"the anchor &{Leaf.Printable(name)} is defined twice: rename one");
            _recordings.Add(new Recording(name));
        }

        for (int i = _recordings.Count - 1; i >= 0; i--)
        {
            if (!_recordings[i].Add(next)) continue;
            _anchors[_recordings[i].Anchor] = _recordings[i].Events;
            _recordings.RemoveAt(i);
        }
    }

    private sealed class Recording(string anchor)
    {
        private int _depth;

        public string Anchor { get; } = anchor;
        public List<ParsingEvent> Events { get; } = [];

        // Whether the node is complete.
        public bool Add(ParsingEvent next)
        {
            Events.Add(next);
            _depth += next.NestingIncrease;
            return _depth == 0;
        }
    }

    private sealed class Replay(List<ParsingEvent> events)
    {
        private int _next;

        public bool TryNext([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out ParsingEvent? next)
        {
            next = _next < events.Count ? events[_next++] : null;
            return next is not null;
        }
    }
}
