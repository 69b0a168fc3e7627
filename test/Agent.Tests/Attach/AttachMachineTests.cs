using Margay.Agent.Attach;
using Margay.Api.Attach;
using static Margay.Agent.Tests.Attach.SimulatedHost;

namespace Margay.Agent.Tests.Attach;

public class AttachMachineTests
{
    [Fact]
    public void Attach_AnswersOnlyWhenPolicyIsInTheKernel()
    {
        using SimulatedHost host = Connected();
        Ticket ticket = host.Attach("a");
        host.Run("claim");
        host.Run("write");
        host.Run("link");
        Assert.False(ticket.IsAnswered);
        host.RunAll();

        AttachReply reply = ticket.Reply.GetAwaiter().GetResult().Attach!;
        Assert.Equal("10.65.0.0/32", Assert.Single(reply.Addresses));
        Assert.Equal(("169.254.1.1", null), (reply.Ipv4Gateway, reply.Ipv6Gateway));
        Assert.Equal("ee:ee:ee:ee:ee:ee", reply.HostMac);
        Assert.Equal("default/n1-cni-a-eth0", reply.Endpoint);
        Assert.Equal(["address", "link", "policy", "server", "total"], reply.Timings!.Keys.Order(StringComparer.Ordinal));
        host.AssertConsistent();
    }

    [Fact]
    public void Attach_GivesOneAddressOfEachFamilyThatAPoolOffers()
    {
        using SimulatedHost host = Connected(v6: true);
        Ticket ticket = host.Attach("a");
        host.RunAll();
        Assert.Equal(["10.65.0.0/32", "fd65::/128"], ticket.Reply.GetAwaiter().GetResult().Attach!.Addresses);
    }

    [Fact]
    public void AskingAgain_GivesTheSameAnswerAndChangesNothing()
    {
        using SimulatedHost host = Connected();
        Ticket first = host.Attach("a"), second = host.Attach("a");
        host.RunAll();
        Ticket third = host.Attach("a");

        Assert.Equal(AddressOf(first), AddressOf(second));
        Assert.Equal(AddressOf(first), AddressOf(third));
        Assert.Empty(host.Steps);
        host.AssertConsistent();
    }

    [Fact]
    public void SameContainerInAnotherNamespace_IsACollision()
    {
        using SimulatedHost host = Connected();
        host.Attach("a");
        host.RunAll();
        Assert.Equal("NameCollision", ErrorOf(host.Attach("a", b => b.Request = b.Request with { NetworkNamespace = "/run/netns/other" })).Code);
    }

    [Fact]
    public void TwoContainersOfOneWorkloadName_Collide()
    {
        using SimulatedHost host = Connected();
        host.Attach("a", b => b.Request = b.Request with { Workload = "web" });
        host.RunAll();
        AgentError error = ErrorOf(host.Attach("b", b => b.Request = b.Request with { Workload = "web" }));
        Assert.Equal("NameCollision", error.Code);
        Assert.Contains("container a", error.Message, StringComparison.Ordinal);
        host.AssertConsistent();
    }

    [Theory]
    [InlineData("link", "Kernel")]
    [InlineData("write", "ServerUnreachable")]
    public void FailureOfAStep_PutsEverythingBack(string step, string code)
    {
        using SimulatedHost host = Connected();
        host.Attach("first");
        host.RunAll();

        Ticket ticket = host.Attach("a");
        host.Run(step, fail: true);
        host.RunAll();

        Assert.Equal(code, ErrorOf(ticket).Code);
        host.AssertConsistent();
        Assert.Single(host.Links);
    }

    [Fact]
    public void ServerGone_FailsWithNothingLeft_AndTheAddressComesBackWhenTheRecordIsSurelyGone()
    {
        using SimulatedHost host = Connected();
        host.Attach("first");
        host.RunAll();
        host.Disconnect();

        Ticket ticket = host.Attach("a");
        host.RunAll();
        AgentError error = ErrorOf(ticket);
        Assert.Equal(("ServerUnreachable", true), (error.Code, error.Retry));
        Assert.Single(host.Links);
        Assert.Equal(2, host.Addresses.Allocator.Addresses.Count());

        host.ServerIsUp = true;
        host.Connect();
        host.RunAll();
        host.AssertConsistent();
    }

    [Fact]
    public void WithoutAnyWordFromTheServer_AttachWaits_ThenSaysSo()
    {
        using SimulatedHost host = new();
        Ticket ticket = host.Attach("a");
        Assert.False(ticket.IsAnswered);
        host.Wait(TimeSpan.FromSeconds(6));
        AgentError error = ErrorOf(ticket);
        Assert.Equal(("ServerUnreachable", true), (error.Code, error.Retry));
    }

    [Fact]
    public void AttachThatWaitsForTheServer_GoesOnWhenItComes()
    {
        using SimulatedHost host = new();
        Ticket ticket = host.Attach("a");
        host.Connect();
        host.RunAll();
        AddressOf(ticket);
        host.AssertConsistent();
    }

    [Fact]
    public void ExhaustedPool_IsSaid()
    {
        using SimulatedHost host = Connected(blocks: 1);
        for (int i = 0; i < 8; i++) host.Attach($"c{i}");
        host.RunAll();
        Ticket ninth = host.Attach("c8");
        host.RunAll();
        AgentError error = ErrorOf(ninth);
        Assert.Equal(("NoAddress", "every pool is exhausted"), (error.Code, error.Message));

        host.Detach("c3");
        host.RunAll();
        Ticket again = host.Attach("c8");
        host.RunAll();
        Assert.Equal("10.65.0.3/32", AddressOf(again));
        host.AssertConsistent();
    }

    [Fact]
    public void NoUsablePool_IsSaid()
    {
        using SimulatedHost host = new() { Pools = [] };
        host.Connect();
        AgentError error = ErrorOf(host.Attach("a"));
        Assert.Equal("NoAddress", error.Code);
        Assert.Contains("IPPool", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void PolicyThatNeverComes_TimesOut_NamingWhatIsMissing()
    {
        using SimulatedHost host = Connected();
        Ticket ticket = host.Attach("a");
        host.Run("claim");
        host.Run("write");
        host.Run("link");
        while (host.Steps.FirstOrDefault(s => s.What is "view" or "kernel") is { } step) ((List<Step>)host.Steps).Remove(step);
        host.Wait(TimeSpan.FromSeconds(31));
        host.RunAll();

        AgentError error = ErrorOf(ticket);
        Assert.Equal("Timeout", error.Code);
        Assert.Contains("policy", error.Message, StringComparison.Ordinal);
        host.AssertConsistent();
    }

    [Fact]
    public void Detach_AnswersWhenPacketsAreCut_AndFreesTheAddressWhenAllIsGone()
    {
        using SimulatedHost host = Connected();
        host.Attach("a");
        host.RunAll();
        Ticket ticket = host.Detach("a");
        Assert.False(ticket.IsAnswered);
        host.Run("cut");
        Assert.True(ticket.IsAnswered);
        Assert.Single(host.Links);
        Assert.Single(host.Addresses.Allocator.Addresses);
        host.RunAll();
        Assert.Empty(host.Links);
        host.AssertConsistent();
    }

    [Fact]
    public void Detach_OfWhatWasNeverAttached_Succeeds()
    {
        using SimulatedHost host = Connected();
        Ticket ticket = host.Detach("ghost");
        Assert.Null(ticket.Reply.GetAwaiter().GetResult().Error);
    }

    [Fact]
    public void Detach_WithTheServerGone_Succeeds_AndItsRecordIsDeletedLater_AcrossARestart()
    {
        using SimulatedHost host = Connected();
        host.Attach("a");
        host.RunAll();
        host.Disconnect();
        Ticket ticket = host.Detach("a");
        host.RunAll();
        Assert.Null(ticket.Reply.GetAwaiter().GetResult().Error);
        Assert.Empty(host.Links);
        Assert.Single(host.Endpoints);
        Assert.Single(host.Addresses.Allocator.Addresses);

        host.Crash();
        host.RunAll();
        host.ServerIsUp = true;
        host.Connect();
        host.RunAll();
        Assert.Empty(host.Endpoints);
        host.AssertConsistent();
    }

    [Fact]
    public void DetachWithinAttach_EndsBoth()
    {
        using SimulatedHost host = Connected();
        Ticket attach = host.Attach("a");
        host.Run("claim");
        Ticket detach = host.Detach("a");
        host.RunAll();
        Assert.Equal("NotFound", ErrorOf(attach).Code);
        Assert.Null(detach.Reply.GetAwaiter().GetResult().Error);
        host.AssertConsistent();
        Assert.Empty(host.Links);
    }

    [Fact]
    public void AttachWhileTheLastOneLeaves_WaitsForItsEnd()
    {
        using SimulatedHost host = Connected();
        host.Attach("a");
        host.RunAll();
        host.Detach("a");
        Ticket again = host.Attach("a");
        Assert.False(again.IsAnswered);
        host.RunAll();
        AddressOf(again);
        host.AssertConsistent();
    }

    [Fact]
    public void LinkThatCannotBeRemoved_IsTriedAgain()
    {
        using SimulatedHost host = Connected();
        host.Attach("a");
        host.RunAll();
        host.Detach("a");
        host.Run("cut");
        host.Run("unlink", fail: true);
        host.RunAll();
        Assert.Single(host.Links);
        host.Wait(TimeSpan.FromSeconds(1));
        Assert.Empty(host.Links);
        Assert.Contains(host.Warnings, w => w.Contains("EBUSY", StringComparison.Ordinal));
        host.AssertConsistent();
    }

    [Fact]
    public void Restart_AdoptsWhatIsUp_WithoutAServer()
    {
        using SimulatedHost host = Connected();
        Ticket first = host.Attach("a");
        host.RunAll();
        host.Crash();
        host.RunAll();

        Ticket again = host.Attach("a");
        Assert.Equal(AddressOf(first), AddressOf(again));
        Assert.Single(host.Programmed);
    }

    [Fact]
    public void Restart_GivesUpWorkloadsThatDiedMeanwhile()
    {
        using SimulatedHost host = Connected();
        host.Attach("a");
        host.Attach("b");
        host.RunAll();
        host.Links.Remove(Names.HostInterface(new("a", "eth0")));
        host.DeadNamespaces.Add("/run/netns/a");
        host.Crash();
        host.Connect();
        host.RunAll();
        Assert.Single(host.Endpoints);
        host.AssertConsistent();
    }

    [Fact]
    public void LostJournal_IsMadeAgainFromTheServersRecordsAndTheLinks()
    {
        using SimulatedHost old = Connected();
        Ticket a = old.Attach("a");
        old.Attach("b");
        old.RunAll();

        using SimulatedHost host = new();
        host.Blocks.AddRange(old.Blocks);
        foreach (var (key, endpoint) in old.Endpoints) host.Endpoints[key] = endpoint;
        string linkOfA = Names.HostInterface(new("a", "eth0"));
        host.Links[linkOfA] = old.Links[linkOfA];
        host.Links["mgaaaaaaaaaaa"] = "default/default/nobody";
        host.Crash();
        host.Connect();
        host.RunAll();

        Assert.Equal(AddressOf(a), AddressOf(host.Attach("a")));
        Assert.Single(host.Endpoints);
        host.AssertConsistent();
    }

    [Fact]
    public void EndpointsThatOthersMade_AreLeftAlone()
    {
        using SimulatedHost host = Connected();
        host.Endpoints["default/by-hand"] = new()
        {
            Metadata = new() { Name = "by-hand", Namespace = "default", ResourceVersion = "5" },
            Spec = new() { Node = "n1", InterfaceName = "tap0", IpNetworks = ["192.0.2.1/32"] },
        };
        host.Connect();
        host.RunAll();
        Assert.Contains("default/by-hand", host.Endpoints.Keys);
    }

    [Fact]
    public void RecordThatTheServerLost_IsWrittenAgain()
    {
        using SimulatedHost host = Connected();
        host.Attach("a");
        host.RunAll();
        host.Endpoints.Clear();
        host.Connect();
        host.RunAll();
        Assert.Single(host.Endpoints);
        host.AssertConsistent();
    }

    [Fact]
    public void Check_FindsWhatDiffers()
    {
        using SimulatedHost host = Connected();
        host.Attach("a");
        host.RunAll();
        Assert.Null(host.Check("a", "10.65.0.0/32").Reply.GetAwaiter().GetResult().Error);
        Assert.Contains("10.9.9.9", ErrorOf(host.Check("a", "10.9.9.9/32")).Message, StringComparison.Ordinal);
        Assert.Equal("CheckFailed", ErrorOf(host.Check("ghost")).Code);

        host.Machine.Handle(new EndpointRefusedByKernel("default/default/n1-cni-a-eth0", "ENOSPC"));
        Assert.Contains("ENOSPC", ErrorOf(host.Check("a")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void UnknownPool_IsNamed()
    {
        using SimulatedHost host = Connected();
        AgentError error = ErrorOf(host.Attach("a", b => b.Request = b.Request with { Ipv4Pools = ["nowhere"], Ipv6Pools = ["p4"] }));
        Assert.Equal("InvalidRequest", error.Code);
        Assert.Contains("ipv4Pools[0]: there is no IPPool 'nowhere'", error.Message, StringComparison.Ordinal);
        Assert.Contains("ipv6Pools[0]", error.Message, StringComparison.Ordinal);
    }

    private static SimulatedHost Connected(bool v6 = false, int blocks = 32)
    {
        SimulatedHost host = new(v6, blocks);
        host.Connect();
        return host;
    }
}
