using System.Text.Json;
using Margay.Agent.Drops;
using Margay.Api.Attach;
using Microsoft.Extensions.Time.Testing;

namespace Margay.Agent.Tests.Drops;

/// <summary>What <c>margay drops</c> is told.</summary>
public class DropQueriesTests
{
    private readonly DropBook _book = new();
    private readonly FakeTimeProvider _time = new();

    private Task<AgentReply> AskAsync(string? argument) => DropQueries.AnswerAsync(_book, _time, argument, CancellationToken.None);

    [Fact]
    public async Task Drop_IsARow_AndAnObject()
    {
        _book.Add(Dropped.Record());
        QueryReply reply = (await AskAsync(null)).Query!;
        Assert.Equal(["1970-01-01T00:00:00.000Z", "ingress", "default/blue/db", "tcp", "10.65.0.1:40000", "10.65.0.2:22", "rule 3 of GlobalNetworkPolicy/guard"], reply.Rows![0]);
        Assert.Equal(
            """{"last":1,"overruns":0,"drops":[{"sequence":1,"time":"1970-01-01T00:00:00.000Z","network":"default","direction":"ingress","endpoint":"default/blue/db","kind":"rule","name":"GlobalNetworkPolicy/guard","rule":3,"by":"rule 3 of GlobalNetworkPolicy/guard","protocol":"tcp","source":"10.65.0.1","sourcePort":40000,"destination":"10.65.0.2","destinationPort":22,"inputInterface":"up0","outputInterface":"mga"}]}""",
            reply.Json!.Value.GetRawText());
    }

    [Theory]
    [InlineData("limit=2", "3 4", 4)]
    [InlineData("after=2", "3 4", 4)]
    [InlineData("after=0 limit=1", "1", 1)]
    [InlineData("endpoint=odd", "2 4", 4)]
    [InlineData("endpoint=odd limit=1", "4", 4)]
    [InlineData("after=4", "", 4)]
    [InlineData("endpoint=none", "", 4)]
    public async Task Words_SayWhich(string argument, string sequences, int last)
    {
        for (int i = 1; i <= 4; i++) _book.Add(Dropped.Record(i % 2 == 0 ? "default/blue/odd" : "default/blue/even"));
        JsonElement json = (await AskAsync(argument)).Query!.Json!.Value;
        Assert.Equal((sequences, last), (string.Join(' ', json.GetProperty("drops").EnumerateArray().Select(d => d.GetProperty("sequence").GetInt64())), json.GetProperty("last").GetInt32()));
    }

    [Theory]
    [InlineData("x")]
    [InlineData("after=x")]
    [InlineData("wait=26")]
    [InlineData("limit=0")]
    [InlineData("limit=401")]
    [InlineData("colour=red")]
    public async Task WhatIsNotUnderstood_IsRefused_AndSaysWhatIs(string argument)
    {
        AgentReply reply = await AskAsync(argument);
        Assert.Contains("it consists of after=NUMBER", reply.Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wait_EndsWithADropThatFits_OrWithItsTime()
    {
        Task<AgentReply> asked = AskAsync("after=0 endpoint=db wait=20");
        _book.Add(Dropped.Record("default/blue/other"));
        Assert.False(asked.IsCompleted);
        _book.Add(Dropped.Record("default/blue/db"));
        Assert.Equal(2, (await asked).Query!.Json!.Value.GetProperty("drops")[0].GetProperty("sequence").GetInt32());

        asked = AskAsync("after=2 wait=20");
        _time.Advance(TimeSpan.FromSeconds(21));
        JsonElement nothing = (await asked).Query!.Json!.Value;
        Assert.Equal((0, 2), (nothing.GetProperty("drops").GetArrayLength(), nothing.GetProperty("last").GetInt32()));
    }

    [Fact]
    public async Task Reflector_HasNone() => Assert.NotNull((await DropQueries.AnswerAsync(null, null, CancellationToken.None)).Error);
}
