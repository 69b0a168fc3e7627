using Margay.Core.Loops;

namespace Margay.Core.Tests.Loops;

public class EventLoopTests
{
    [Fact]
    public async Task Events_AreHandledInOrder_AndIdleFollowsTheBurst()
    {
        List<string> log = [];
        EventLoop<int> loop = new(i => log.Add($"{i}"), e => throw e, () => log.Add("idle"));
        Assert.True(loop.TryPost(1) && loop.TryPost(2) && loop.TryPost(3));
        loop.Start();
        await loop.DisposeAsync();
        Assert.Equal(["1", "2", "3", "idle"], log);
    }

    [Fact]
    public async Task Bug_IsContained()
    {
        List<Exception> bugs = [];
        List<int> handled = [];
        EventLoop<int> loop = new(i => { if (i == 1) throw new InvalidOperationException("one"); handled.Add(i); }, bugs.Add);
        loop.TryPost(1);
        loop.TryPost(2);
        loop.Start();
        await loop.DisposeAsync();
        Assert.Equal([2], handled);
        Assert.Equal("one", Assert.Single(bugs).Message);
    }

    [Fact]
    public async Task TryPost_WhenFull_RefusesInsteadOfWaiting()
    {
        EventLoop<int> loop = new(_ => { }, e => throw e, capacity: 1);
        Assert.True(loop.TryPost(1));
        Assert.False(loop.TryPost(2));
        loop.Start();
        await loop.DisposeAsync();
        Assert.False(loop.TryPost(3));
    }
}
