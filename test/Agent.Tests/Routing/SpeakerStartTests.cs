using Margay.Agent.Routing;
using Margay.Agent.State;
using Margay.Agent.Sync;
using Margay.Api.NodeSync;

namespace Margay.Agent.Tests.Routing;

public class SpeakerStartTests
{
    // seconds since the last sign of life (-1: there was no life before), same boot, restart time of the peers (-1: none is said, which means 120 s)
    [Theory]
    [InlineData(-1, false, -1, false, true)]
    [InlineData(3, true, -1, true, false)]
    [InlineData(3, false, -1, true, true)]
    [InlineData(119, true, -1, true, false)]
    [InlineData(300, true, -1, false, false)]
    [InlineData(300, true, 600, true, false)]
    [InlineData(300, false, 600, true, true)]
    [InlineData(3, true, 0, false, false)]
    public void Host_TellsItsPeers_WhatTheyMayKeep(int ago, bool sameBoot, int restart, bool restarting, bool lost)
    {
        SpeakerStart start = SpeakerStart.OfHost(Former(ago, sameBoot), View(restart < 0 ? null : restart));
        Assert.Equal((restarting, lost), (start.Restarting, start.ForwardingLost));
    }

    [Theory]
    [InlineData(-1, false, false)]
    [InlineData(3, true, true)]
    [InlineData(3, false, true)]
    [InlineData(300, true, false)]
    public void Reflector_LosesNoForwarding(int ago, bool sameBoot, bool restarting)
    {
        SpeakerStart start = SpeakerStart.OfReflector(Former(ago, sameBoot), View(null));
        Assert.Equal(new SpeakerStart(restarting, false, null), start);
    }

    [Fact]
    public void WhoReflects_WaitsForAllClients_OthersDoNotWaitForTheDead()
    {
        Assert.NotNull(SpeakerStart.OfHost(Former(1, true), View(null)).DeferralLimit);
        Assert.Null(SpeakerStart.OfHost(Former(1, true), View(null, cluster: "10.0.0.1")).DeferralLimit);
    }

    [Fact]
    public void WithoutPeers_NobodyWaits() => Assert.False(SpeakerStart.OfHost(Former(1, true), HeldView.Empty).Restarting);

    private static FormerLife? Former(int ago, bool sameBoot) => ago < 0 ? null : new FormerLife(TimeSpan.FromSeconds(ago), sameBoot);

    private static HeldView View(double? restart, string? cluster = null) => HeldView.Empty.Apply(new ViewDelta
    {
        Epoch = "e",
        Revision = 1,
        Snapshot = true,
        Settings = new NodeSettings { Node = "n1", AsNumber = 64512, RouteReflectorClusterId = cluster },
        Peers = [new PeerView { Name = "p", Address = "192.0.2.2", AsNumber = 64512, Origin = "test", RestartSeconds = restart }],
    });
}
