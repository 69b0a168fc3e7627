using System.Collections.Immutable;
using Margay.Bgp;
using Margay.Core.Net;

namespace Margay.TestKit.Simulation;

/// <summary>
/// Speakers on a simulated network and clock, turned by hand: deterministic, and as fast as the machine allows. Only hosts that have something to do are looked at
/// (the network keeps an agenda of them), so that a thousand speakers cost what happens among them and nothing for being there.
/// </summary>
public sealed class SimSpeakers
{
    private readonly Dictionary<Speaker, SimTransport> _hosts = [];
    private int _added;

    public SimSpeakers(int seed = 1) => Network = new SimNetwork(Clock, seed);

    public SimClock Clock { get; } = new();
    public SimNetwork Network { get; }

    /// <summary>Turns of all loops.</summary>
    public long Steps { get; private set; }

    public Speaker Add(InetAddress address, Func<SpeakerOptions, SpeakerOptions>? options = null) => Add([address], options);

    /// <summary>A speaker with several addresses.</summary>
    public Speaker Add(IReadOnlyList<InetAddress> addresses, Func<SpeakerOptions, SpeakerOptions>? options = null)
    {
        SimTransport host = Network.AddHost([.. addresses]);
        SpeakerOptions o = new() { Time = Clock, Seed = 1 + _added++, Transport = host, BfdTransport = new SimBfdTransport(host) };
        Speaker speaker = new(options?.Invoke(o) ?? o);
        speaker.Prepare();
        host.Owner = speaker;
        _hosts.Add(speaker, host);
        return speaker;
    }

    /// <summary>Takes a speaker out without a word, as a crash does; its connections are cut by the kernel's FIN if <paramref name="fin"/>.</summary>
    public void Kill(Speaker speaker, bool fin = true)
    {
        if (fin)
        {
            foreach (Margay.Bgp.Session.Peer p in speaker.Prepared.Peers.All.ToArray())
            {
                p.Established?.Connection.Dispose();
                p.Outgoing?.Connection.Dispose();
                p.Incoming?.Connection.Dispose();
            }
        }
        _hosts.Remove(speaker, out SimTransport? host);
        host!.Owner = null;
        host.Dispose();
    }

    /// <summary>Breaks the connection of an established session, as a firewall or a reset would; false if there is none.</summary>
    public static bool Break(Speaker speaker, string peer)
    {
        if (speaker.Prepared.Peers.Find(peer)?.Established?.Connection is not SimConnection connection) return false;
        connection.Break();
        return true;
    }

    /// <summary>Completes an operation of a speaker, without letting time pass.</summary>
    public T Wait<T>(Task<T> task)
    {
        Wait((Task)task);
        return task.GetAwaiter().GetResult();
    }

    public void Wait(Task task)
    {
        while (!task.IsCompleted && TurnOne())
        {
        }
        if (!task.IsCompleted) throw new InvalidOperationException("the loop did not answer");
        task.GetAwaiter().GetResult();
    }

    public void Apply(Speaker speaker, SpeakerConfig config)
    {
        ImmutableArray<string> faults = Wait(speaker.ApplyAsync(config));
        if (!faults.IsEmpty) throw new InvalidOperationException(string.Join("; ", faults));
    }

    // One host that has something to do now; false if none has.
    private bool TurnOne()
    {
        if (Network.TakeDue() is not { } host) return false;
        // Without an owner: it is dead, or a test polls it itself.
        if (host.Owner is not Speaker speaker) return true;
        speaker.Step(TimeSpan.Zero);
        Steps++;
        SpeakerLoop loop = speaker.Prepared;
        if (loop.HasWork) Network.Want(host, Clock.Now);
        if (host.NextEvent is { } e) Network.Want(host, e);
        if (speaker.NextTimer is { } t) Network.Want(host, t);
        return true;
    }

    /// <summary>Lets simulated time pass.</summary>
    public void Run(TimeSpan time) => RunUntil(static () => false, time);

    /// <summary>Turns the loops, moving the clock from event to event, until the condition holds; false if it does not within <paramref name="limit"/>.</summary>
    public bool RunUntil(Func<bool> condition, TimeSpan limit)
    {
        TimeSpan end = Clock.Now + limit;
        while (true)
        {
            while (TurnOne())
            {
            }
            if (condition()) return true;
            if (Network.Next is not { } next || next > end)
            {
                Clock.AdvanceTo(end);
                return condition();
            }
            Clock.AdvanceTo(next);
        }
    }
}
