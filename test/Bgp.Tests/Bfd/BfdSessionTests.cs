using CsCheck;
using Margay.Bgp.Bfd;

namespace Margay.Bgp.Tests.Bfd;

/// <summary>The state machine of RFC 5880 §6.8 by itself: packets and times in, packets out.</summary>
public class BfdSessionTests
{
    private static readonly TimeSpan s_300 = TimeSpan.FromMilliseconds(300);

    private sealed class Recorder : IBfdOutput
    {
        internal List<BfdPacket> Sent { get; } = [];
        internal List<BfdState> Left { get; } = [];

        internal BfdPacket Last => Sent[^1];

        public void Send(in BfdPacket packet) => Sent.Add(packet);

        public void OnStateChanged(BfdState was) => Left.Add(was);
    }

    private readonly Recorder _out = new();

    private BfdSession New(int multiplier = 3, int seed = 1) => new(7, new BfdSpec(s_300, s_300, multiplier), _out, new Random(seed));

    private static BfdPacket From(BfdState state, BfdDiagnostic diagnostic = 0, uint minTx = 300_000, uint minRx = 300_000, byte multiplier = 3, bool poll = false, bool final = false, bool demand = false) => new()
    {
        State = state,
        Diagnostic = diagnostic,
        DetectMultiplier = multiplier,
        MyDiscriminator = 99,
        YourDiscriminator = state > BfdState.Down ? 7u : 0,
        DesiredMinTx = minTx,
        RequiredMinRx = minRx,
        Poll = poll,
        Final = final,
        Demand = demand,
    };

    private static TimeSpan At(double seconds) => TimeSpan.FromSeconds(seconds);

    private BfdSession InState(BfdState state, TimeSpan now)
    {
        BfdSession s = New();
        s.Start(TimeSpan.Zero);
        if (state >= BfdState.Init) s.OnPacket(From(BfdState.Down), now);
        if (state == BfdState.Up) s.OnPacket(From(BfdState.Init), now);
        if (state == BfdState.AdminDown) s.Shut(now);
        Assert.Equal(state, s.State);
        return s;
    }

    /// <summary>The whole table of §6.8.6: our state, the peer's, ours then, and why.</summary>
    [Theory]
    [InlineData(BfdState.Down, BfdState.AdminDown, BfdState.Down, BfdDiagnostic.None)]
    [InlineData(BfdState.Down, BfdState.Down, BfdState.Init, BfdDiagnostic.None)]
    [InlineData(BfdState.Down, BfdState.Init, BfdState.Up, BfdDiagnostic.None)]
    [InlineData(BfdState.Down, BfdState.Up, BfdState.Down, BfdDiagnostic.None)]
    [InlineData(BfdState.Init, BfdState.AdminDown, BfdState.Down, BfdDiagnostic.NeighborSignaledSessionDown)]
    [InlineData(BfdState.Init, BfdState.Down, BfdState.Init, BfdDiagnostic.None)]
    [InlineData(BfdState.Init, BfdState.Init, BfdState.Up, BfdDiagnostic.None)]
    [InlineData(BfdState.Init, BfdState.Up, BfdState.Up, BfdDiagnostic.None)]
    [InlineData(BfdState.Up, BfdState.AdminDown, BfdState.Down, BfdDiagnostic.NeighborSignaledSessionDown)]
    [InlineData(BfdState.Up, BfdState.Down, BfdState.Down, BfdDiagnostic.NeighborSignaledSessionDown)]
    [InlineData(BfdState.Up, BfdState.Init, BfdState.Up, BfdDiagnostic.None)]
    [InlineData(BfdState.Up, BfdState.Up, BfdState.Up, BfdDiagnostic.None)]
    [InlineData(BfdState.AdminDown, BfdState.Down, BfdState.AdminDown, BfdDiagnostic.AdministrativelyDown)]
    [InlineData(BfdState.AdminDown, BfdState.Up, BfdState.AdminDown, BfdDiagnostic.AdministrativelyDown)]
    public void Table(BfdState ours, BfdState theirs, BfdState then, BfdDiagnostic why)
    {
        BfdSession s = InState(ours, At(1));
        int told = _out.Left.Count;
        s.OnPacket(From(theirs), At(1.1));
        Assert.Equal((then, why), (s.State, s.Diagnostic));
        Assert.Equal(ours == then ? 0 : 1, _out.Left.Count - told);
        // A change is news, and news go out at once.
        if (ours != then) Assert.Equal(then, _out.Last.State);
    }

    [Fact]
    public void Silence_EndsIt_AfterTheDetectionTime_AndNotBefore()
    {
        BfdSession s = InState(BfdState.Up, At(1));
        Assert.Equal(TimeSpan.FromMilliseconds(900), s.DetectionTime);
        s.OnTimer(At(1.899));
        Assert.Equal(BfdState.Up, s.State);
        s.OnTimer(At(1.9));
        Assert.Equal((BfdState.Down, BfdDiagnostic.ControlDetectionTimeExpired, 0u), (s.State, s.Diagnostic, s.RemoteDiscriminator));
        Assert.Equal((BfdState.Down, BfdDiagnostic.ControlDetectionTimeExpired), (_out.Last.State, _out.Last.Diagnostic));
    }

    [Theory]
    [InlineData(50_000u, 5, 1500)]
    [InlineData(1_000_000u, 2, 2000)]
    public void DetectionTime_IsTheSlowerInterval_TimesThePeersMultiplier(uint minTx, byte multiplier, int milliseconds)
    {
        BfdSession s = InState(BfdState.Init, At(1));
        s.OnPacket(From(BfdState.Init, minTx: minTx, multiplier: multiplier), At(1));
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), s.DetectionTime);
    }

    [Fact]
    public void WhileNotUp_OneASecondAtMost()
    {
        BfdSession s = InState(BfdState.Down, At(0));
        Assert.Equal(1_000_000u, _out.Last.DesiredMinTx);
        int sent = _out.Sent.Count;
        for (int ms = 0; ms < 10_000; ms += 5) Tick(s, At(ms / 1000.0));
        Assert.InRange(_out.Sent.Count - sent, 9, 14);
    }

    private static void Tick(BfdSession s, TimeSpan now)
    {
        if (s.Due <= now) s.OnTimer(now);
    }

    [Theory]
    [InlineData(3, 0.75, 1.0)]
    [InlineData(1, 0.75, 0.9)]
    public void Jitter(int multiplier, double least, double most)
    {
        BfdSession s = New(multiplier);
        s.Start(TimeSpan.Zero);
        s.OnPacket(From(BfdState.Down), At(0));
        s.OnPacket(From(BfdState.Init, final: true), At(0));
        List<double> intervals = [];
        TimeSpan now = TimeSpan.Zero;
        for (int i = 0; i < 500; i++)
        {
            int sent = _out.Sent.Count;
            TimeSpan due = s.Due;
            s.OnPacket(From(BfdState.Up, final: true), due - TimeSpan.FromTicks(1));
            s.OnTimer(due);
            if (_out.Sent.Count == sent) continue;
            intervals.Add((due - now) / s_300);
            now = due;
        }
        Assert.All(intervals.Skip(1), x => Assert.InRange(x, least - 0.001, most + 0.001));
        Assert.True(intervals.Skip(1).Max() - intervals.Skip(1).Min() > 0.1, "no jitter");
    }

    [Fact]
    public void ComingUp_Polls_UntilThePeerAnswers()
    {
        BfdSession s = InState(BfdState.Up, At(1));
        Assert.True(_out.Last is { Poll: true, DesiredMinTx: 300_000 });
        s.OnTimer(s.Due);
        Assert.True(_out.Last.Poll);
        s.OnPacket(From(BfdState.Up, final: true), At(1.4));
        s.OnTimer(s.Due);
        Assert.False(_out.Last.Poll);
    }

    [Fact]
    public void APoll_IsAnsweredAtOnce_WithoutPollOfOurs()
    {
        BfdSession s = InState(BfdState.Up, At(1));
        int sent = _out.Sent.Count;
        s.OnPacket(From(BfdState.Up, poll: true), At(1.01));
        Assert.Equal(sent + 1, _out.Sent.Count);
        Assert.True(_out.Last is { Final: true, Poll: false });
    }

    [Fact]
    public void SlowerTimers_CountWhenThePeerHasConfirmed()
    {
        BfdSession s = InState(BfdState.Up, At(1));
        s.OnPacket(From(BfdState.Up, final: true), At(1.1));
        s.Change(new BfdSpec(TimeSpan.FromSeconds(2), TimeSpan.FromMilliseconds(50), 3), At(1.2));
        Assert.True(_out.Last is { Poll: true, DesiredMinTx: 2_000_000, RequiredMinRx: 50_000 });
        Assert.Equal((s_300, TimeSpan.FromMilliseconds(900)), (s.TransmitInterval, s.DetectionTime));
        s.OnPacket(From(BfdState.Up, minTx: 60_000, final: true), At(1.3));
        Assert.Equal((TimeSpan.FromSeconds(2), TimeSpan.FromMilliseconds(180)), (s.TransmitInterval, s.DetectionTime));
    }

    [Fact]
    public void FasterTimers_CountAtOnce()
    {
        BfdSession s = InState(BfdState.Up, At(1));
        s.OnPacket(From(BfdState.Up, minRx: 1, final: true), At(1.1));
        s.Change(new BfdSpec(TimeSpan.FromMilliseconds(20), TimeSpan.FromSeconds(2), 3), At(1.2));
        Assert.Equal((TimeSpan.FromMilliseconds(20), TimeSpan.FromSeconds(6)), (s.TransmitInterval, s.DetectionTime));
    }

    [Fact]
    public void ThePeersMinRx_SlowsUsDown_AndZeroSilencesUs()
    {
        BfdSession s = InState(BfdState.Up, At(1));
        s.OnPacket(From(BfdState.Up, minRx: 5_000_000, final: true), At(1.1));
        Assert.Equal(TimeSpan.FromSeconds(5), s.TransmitInterval);
        s.OnPacket(From(BfdState.Up, minRx: 0), At(1.2));
        int sent = _out.Sent.Count;
        s.OnTimer(s.Due - TimeSpan.FromTicks(1));
        Assert.Equal(sent, _out.Sent.Count);
        Assert.Equal(TimeSpan.Zero, s.TransmitInterval);
        s.OnPacket(From(BfdState.Up, minRx: 300_000), At(1.3));
        s.OnTimer(s.Due);
        Assert.Equal(sent + 1, _out.Sent.Count);
    }

    [Fact]
    public void DemandMode_SilencesUs_WhileBothAreUp()
    {
        BfdSession s = InState(BfdState.Up, At(1));
        s.OnPacket(From(BfdState.Up, final: true, demand: true), At(1.1));
        int sent = _out.Sent.Count;
        for (int i = 1; i < 20; i++)
        {
            s.OnPacket(From(BfdState.Up, demand: true), At(1.1 + (0.1 * i)));
            Tick(s, At(1.1 + (0.1 * i)));
        }
        Assert.Equal(sent, _out.Sent.Count);
        // But a poll of ours goes out.
        s.Change(new BfdSpec(s_300 * 2, s_300, 3), At(3.2));
        Assert.True(_out.Last.Poll);
    }

    [Fact]
    public void Shut_SaysAdminDown_AndHearsNothing()
    {
        BfdSession s = InState(BfdState.Up, At(1));
        s.Shut(At(2));
        Assert.Equal((BfdState.AdminDown, BfdDiagnostic.AdministrativelyDown), (_out.Last.State, _out.Last.Diagnostic));
        Assert.Equal(BfdFault.AdministrativelyDown, s.OnPacket(From(BfdState.Up), At(2.1)));
    }

    [Fact]
    public void TwoSessions_ComeUp_AndStayUp_WhateverTheTimers() => Check.Sample(
        Gen.Select(Gen.Int[10, 2000].Array[4], Gen.Int[1, 10].Array[2], Gen.Int[0, 8], Gen.Int),
        (ms, multipliers, delay, seed) =>
        {
            Pair pair = new(
                new BfdSpec(TimeSpan.FromMilliseconds(ms[0]), TimeSpan.FromMilliseconds(ms[1]), multipliers[0]),
                new BfdSpec(TimeSpan.FromMilliseconds(ms[2]), TimeSpan.FromMilliseconds(ms[3]), multipliers[1]),
                TimeSpan.FromMilliseconds(delay / 10.0), seed);
            pair.Run(At(10));
            bool up = pair.A.State == BfdState.Up && pair.B.State == BfdState.Up;
            int changes = pair.Changes;
            pair.Run(At(60));
            // Up once, and never anything else again.
            bool stayed = pair.Changes == changes;
            TimeSpan cut = pair.Now;
            pair.Cut = true;
            TimeSpan limit = pair.A.DetectionTime > pair.B.DetectionTime ? pair.A.DetectionTime : pair.B.DetectionTime;
            pair.Run(limit + At(0.01));
            return up && stayed && pair.A.State == BfdState.Down && pair.B.State == BfdState.Down && pair.Now <= cut + limit + At(0.02);
        });

    /// <summary>Two sessions over a way with delay.</summary>
    private sealed class Pair
    {
        private readonly PriorityQueue<Action, (TimeSpan, int)> _onTheWay = new();
        private readonly TimeSpan _delay;
        private int _sequence;

        internal Pair(BfdSpec a, BfdSpec b, TimeSpan delay, int seed)
        {
            _delay = delay;
            Random random = new(seed);
            A = new BfdSession(1, a, new End(this, toB: true), random);
            B = new BfdSession(2, b, new End(this, toB: false), random);
            A.Start(Now);
            B.Start(Now);
        }

        internal BfdSession A { get; }
        internal BfdSession B { get; }
        internal TimeSpan Now { get; private set; }
        internal bool Cut { get; set; }
        internal int Changes { get; private set; }

        internal void Run(TimeSpan time)
        {
            TimeSpan end = Now + time;
            while (true)
            {
                TimeSpan next = A.Due < B.Due ? A.Due : B.Due;
                bool arrives = _onTheWay.TryPeek(out _, out (TimeSpan At, int) first) && first.At <= next;
                if (arrives) next = first.At;
                if (next > end) break;
                if (next > Now) Now = next;
                if (arrives) _onTheWay.Dequeue()();
                if (A.Due <= Now) A.OnTimer(Now);
                if (B.Due <= Now) B.OnTimer(Now);
            }
            Now = end;
        }

        private sealed class End(Pair pair, bool toB) : IBfdOutput
        {
            public void Send(in BfdPacket packet)
            {
                if (pair.Cut) return;
                BfdPacket p = packet;
                pair._onTheWay.Enqueue(() => (toB ? pair.B : pair.A).OnPacket(p, pair.Now), (pair.Now + pair._delay, pair._sequence++));
            }

            public void OnStateChanged(BfdState was) => pair.Changes++;
        }
    }
}
