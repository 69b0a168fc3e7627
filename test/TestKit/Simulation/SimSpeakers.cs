using System.Collections.Immutable;
using Margay.Bgp;
using Margay.Core.Net;

namespace Margay.TestKit.Simulation;

/// <summary>Speakers on a simulated network and clock, turned by hand: deterministic, and as fast as the machine allows.</summary>
public sealed class SimSpeakers
{
    private readonly List<(Speaker Speaker, SimTransport Host)> _all = [];

    public SimSpeakers() => Network = new SimNetwork(Clock);

    public SimClock Clock { get; } = new();
    public SimNetwork Network { get; }

    public Speaker Add(InetAddress address, Func<SpeakerOptions, SpeakerOptions>? options = null)
    {
        SimTransport host = Network.AddHost(address);
        SpeakerOptions o = new() { Time = Clock, Seed = 1 + _all.Count, Transport = host, BfdTransport = new SimBfdTransport(host) };
        Speaker speaker = new(options?.Invoke(o) ?? o);
        speaker.Prepare();
        _all.Add((speaker, host));
        return speaker;
    }

    /// <summary>Takes a speaker out without a word, as a crash does; its connections are cut by the kernel's FIN if <paramref name="fin"/>.</summary>
    public void Kill(Speaker speaker, bool fin = true)
    {
        int i = _all.FindIndex(s => s.Speaker == speaker);
        if (fin)
        {
            foreach (Margay.Bgp.Session.Peer p in speaker.Prepared.Peers.All.ToArray())
            {
                p.Established?.Connection.Dispose();
                p.Outgoing?.Connection.Dispose();
                p.Incoming?.Connection.Dispose();
            }
        }
        _all[i].Host.Dispose();
        _all.RemoveAt(i);
    }

    /// <summary>Completes an operation of a speaker by turning the loops.</summary>
    public T Wait<T>(Task<T> task)
    {
        for (int i = 0; i < 10 && !task.IsCompleted; i++) Turn();
        return task.IsCompleted ? task.GetAwaiter().GetResult() : throw new InvalidOperationException("the loop did not answer");
    }

    public void Wait(Task task)
    {
        for (int i = 0; i < 10 && !task.IsCompleted; i++) Turn();
        task.GetAwaiter().GetResult();
    }

    public void Apply(Speaker speaker, SpeakerConfig config)
    {
        ImmutableArray<string> faults = Wait(speaker.ApplyAsync(config));
        if (!faults.IsEmpty) throw new InvalidOperationException(string.Join("; ", faults));
    }

    private void Turn()
    {
        foreach ((Speaker speaker, _) in _all.ToArray()) speaker.Step(TimeSpan.Zero);
    }

    /// <summary>Lets simulated time pass.</summary>
    public void Run(TimeSpan time) => RunUntil(() => false, time);

    /// <summary>Turns the loops, moving the clock from event to event, until the condition holds; false if it does not within <paramref name="limit"/>.</summary>
    public bool RunUntil(Func<bool> condition, TimeSpan limit)
    {
        TimeSpan end = Clock.Now + limit;
        while (true)
        {
            bool busy = true;
            while (busy)
            {
                busy = false;
                foreach ((Speaker speaker, SimTransport host) in _all.ToArray())
                {
                    if (!IsDue(speaker, host)) continue;
                    speaker.Step(TimeSpan.Zero);
                    busy = true;
                }
            }
            if (condition()) return true;
            TimeSpan next = _all.Select(s => NextOf(s.Speaker, s.Host)).DefaultIfEmpty(TimeSpan.MaxValue).Min();
            if (next > end)
            {
                Clock.AdvanceTo(end);
                return condition();
            }
            Clock.AdvanceTo(next);
        }
    }

    private bool IsDue(Speaker speaker, SimTransport host) => speaker.Prepared.HasWork || NextOf(speaker, host) <= Clock.Now;

    private static TimeSpan NextOf(Speaker speaker, SimTransport host)
    {
        TimeSpan transport = host.NextEvent ?? TimeSpan.MaxValue;
        TimeSpan timer = speaker.NextTimer ?? TimeSpan.MaxValue;
        return transport < timer ? transport : timer;
    }
}
