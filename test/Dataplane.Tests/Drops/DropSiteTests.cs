using System.Text;
using CsCheck;
using Margay.Api.Resources;
using Margay.Dataplane.Drops;

namespace Margay.Dataplane.Tests.Drops;

public class DropSiteTests
{
    private static readonly Gen<DropSite> Sites =
        from direction in Gen.Enum<PolicyType>()
        from kind in Gen.Enum<DropKind>()
        from index in Gen.Int[0, 9999]
        from name in Gen.Char["abz019-./@"].Array[1, 300]
        select new DropSite(direction, kind, new string(name), kind is DropKind.Rule or DropKind.Profile ? index : null);

    [Fact]
    public void Prefix_FitsTheKernel_AndIsReadBack() => Sites.Sample(site =>
    {
        string prefix = site.ToPrefix();
        Assert.True(Encoding.UTF8.GetByteCount(prefix) <= 127, prefix);
        Assert.True(DropSite.TryParse(prefix, out DropSite read), prefix);
        Assert.Equal(site with { Name = read.Name }, read);
        Assert.True(read.NameIs(site.Name));
        Assert.Equal(read.IsDigest, read.Name != site.Name);
    });

    [Theory]
    [InlineData("deny ingress rule 3 NetworkPolicy/blue/p", "rule 3 of NetworkPolicy/blue/p")]
    [InlineData("deny egress profile 0 kns.default", "rule 0 of profile kns.default")]
    [InlineData("deny ingress tier security", "end of tier security")]
    [InlineData("deny ingress end nothing allows it", "nothing allowed it")]
    [InlineData("deny host-ingress tier security", "end of tier security")]
    [InlineData("deny egress missing NetworkPolicy/blue/p", "NetworkPolicy/blue/p is missing")]
    [InlineData("deny egress fixed spoofed source", "spoofed source")]
    public void Prefix_IsWords(string prefix, string meaning)
    {
        Assert.True(DropSite.TryParse(prefix, out DropSite site));
        Assert.Equal((prefix, meaning), (site.ToPrefix(), site.ToString()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("ingress 0 NetworkPolicy/blue/p")]
    [InlineData("deny ingress rule NetworkPolicy/blue/p")]
    [InlineData("deny ingress rule -1 x")]
    [InlineData("deny sideways tier x")]
    [InlineData("deny ingress what x")]
    [InlineData("deny host-forward tier x")]
    [InlineData("deny host- tier x")]
    [InlineData("deny ingress rule 3")]
    public void OthersPrefixes_AreNotOurs(string prefix) => Assert.False(DropSite.TryParse(prefix, out _));
}
