using Margay.Api.Validation;

namespace Margay.Api.Tests.Validation;

public class ValueShapesTests
{
    [Theory]
    [InlineData("90s", 90)]
    [InlineData("2m30s", 150)]
    [InlineData("1.5h", 5400)]
    [InlineData("0", 0)]
    [InlineData("250ms", 0.25)]
    [InlineData("1h1m1s1ms", 3661.001)]
    public void Duration_Parses(string text, double seconds)
    {
        Assert.True(GoDuration.TryParse(text, out TimeSpan value));
        Assert.Equal(seconds, value.TotalSeconds, 6);
    }

    [Theory]
    [InlineData("")]
    [InlineData("90")]
    [InlineData("s")]
    [InlineData("-1s")]
    [InlineData("1 s")]
    [InlineData("1.2.3s")]
    [InlineData("1d")]
    [InlineData("99999999999999999999h")]
    public void Duration_Refuses(string text) => Assert.False(GoDuration.TryParse(text, out _));

    [Theory]
    [InlineData("192.0.2.1", "192.0.2.1", 179)]
    [InlineData("192.0.2.1:1790", "192.0.2.1", 1790)]
    [InlineData("2001:db8::1", "2001:db8::1", 179)]
    [InlineData("[2001:db8::1]:1790", "2001:db8::1", 1790)]
    public void PeerAddress_Parses(string text, string address, int port)
    {
        Assert.True(PeerAddress.TryParse(text, out PeerAddress peer));
        Assert.Equal((address, port), (peer.Address.ToString(), peer.Port));
    }

    [Theory]
    [InlineData("selectr", "selector")]
    [InlineData("SELECTOR", "selector")]
    [InlineData("ingres", "ingress")]
    [InlineData("zzzzzz", null)]
    [InlineData("", null)]
    public void Suggestion_FindsTheNearWord(string word, string? expected) => Assert.Equal(expected, Suggestion.For(word, ["selector", "ingress", "egress", "types"]));

    [Fact]
    public void FieldPath_IsWrittenLikeKubernetesDoes() =>
        Assert.Equal("spec.ingress[0].source.nets[1]", FieldPath.Root["spec"]["ingress"][0]["source"]["nets"][1].ToString());
}
