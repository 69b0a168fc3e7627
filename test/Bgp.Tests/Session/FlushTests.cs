using Margay.TestKit.Simulation;

namespace Margay.Bgp.Tests.Session;

/// <summary>Sessions that end while they are being sent to.</summary>
public class FlushTests
{
    private readonly Net _net = new();

    [Fact]
    public void SessionThatDiesInTheFlush_IsWithdrawnAtOnce()
    {
        Speaker us = _net.Add(1, 65001), witness = _net.Add(2, 65002), dying = _net.Add(3, 65003);
        _net.Link(us, 1, witness, 2);
        // Passive: no attempt to connect again turns the loop either.
        _net.Link(us, 1, dying, 3, p => p with { Passive = true, GracefulRestart = GracefulRestartSpec.Off });
        _net.Announce(dying, "192.0.2.0/24");
        _net.AwaitRoute(witness, "192.0.2.0/24");
        // Its end is not read, so that only a write can find it.
        ((SimConnection)us.Prepared.Peers.Find("s3")!.Established!.Connection).Paused = true;
        _net.Sim.Kill(dying);
        _net.Announce(witness, "198.51.100.0/24");
        // Asked without a turn of the loops: a turn would do what nobody else does in time.
        Assert.True(_net.Sim.RunUntil(() => witness.Prepared.Tables[0].PrefixCount == 1, TimeSpan.FromSeconds(1)), "the witness was not told");
    }
}
