using System.Globalization;
using CsCheck;
using Margay.Api.Resources;
using Margay.Api.Validation;
using Margay.Core.Net;

namespace Margay.Api.Tests.Validation;

/// <summary>Which leaks have effect, and why others have not.</summary>
public sealed class NetworkLeaksTests
{
    private static VirtualNetwork Network(string name, string[] cidrs, string[]? imports = null, string[]? exports = null, int vni = 1) => new()
    {
        Metadata = new ObjectMeta { Namespace = name.Split('/')[0], Name = name.Split('/')[1] },
        Spec = new VirtualNetworkSpec
        {
            Vni = vni,
            Subnets = [.. cidrs.Select(c => new NetworkSubnet { Cidr = c })],
            Imports = imports?.Select(i => new NetworkReference { Network = i }).ToList(),
            Exports = exports?.Select(e => new NetworkReference { Network = e }).ToList(),
        },
    };

    private static string Of(params VirtualNetwork[] networks) => string.Join('\n', NetworkLeaks.Of(networks).Select(l => $"{l.Importer} {l.Exporter}: {l.Refusal ?? "reached"}"));

    [Theory]
    [InlineData("b/net", new[] { "a/net" }, "reached")]
    [InlineData("b/net", new[] { "*" }, "reached")]
    [InlineData("b/net", new[] { "c/net", "a/other" }, "b/net does not consent; it has to name a/net in its spec.exports")]
    [InlineData("b/net", null, "b/net does not consent; it has to name a/net in its spec.exports")]
    [InlineData("b/gone", new[] { "*" }, "there is no VirtualNetwork b/gone; create it, or remove it from spec.imports")]
    [InlineData("net", new[] { "*" }, "a network needs no leak to itself; remove it from spec.imports")]
    public void BothMustConsent(string import, string[]? exports, string expected) =>
        Assert.EndsWith($": {expected}", Of(Network("a/net", ["10.0.0.0/16"], [import]), Network("b/net", ["10.1.0.0/16"], null, exports)), StringComparison.Ordinal);

    [Fact]
    public void ABareName_IsOfTheOwnNamespace() =>
        Assert.Equal("a.one a.two: reached", Of(Network("a/one", ["10.0.0.0/16"], ["two"]), Network("a/two", ["10.1.0.0/16"], null, ["one"]), Network("b/two", ["10.2.0.0/16"])));

    [Theory]
    [InlineData("10.0.0.0/16", "10.0.0.0/16")]
    [InlineData("10.0.0.0/16", "10.0.7.0/24")]
    [InlineData("10.0.7.0/24", "10.0.0.0/16")]
    [InlineData("fd00::/64", "fd00::/112")]
    public void OverlappingRanges_AreRefused(string a, string b) => Assert.Equal(
        $"a.net b.net: {a} of a/net overlaps {b} of b/net; networks that reach each other need ranges of their own",
        Of(Network("a/net", ["10.200.0.0/16", a], ["b/net"]), Network("b/net", ["10.100.0.0/16", b, "10.250.0.0/16"], null, ["*"])));

    [Fact]
    public void OfTwoImportersWithOneRange_TheOlderReaches()
    {
        VirtualNetwork shared = Network("s/net", ["10.9.0.0/16"], null, ["*"]), first = Network("z/net", ["10.0.0.0/16"], ["s/net"], vni: 1), second = Network("a/net", ["10.0.0.0/24"], ["s/net"], vni: 2);
        string expected = "z.net s.net: reached\na.net s.net: 10.0.0.0/24 of a/net overlaps 10.0.0.0/16 of z/net, which s/net reaches already; one of them needs other ranges";
        Assert.Equal(expected, Of(shared, first, second));
        Assert.Equal(expected, Of(second, first, shared));
        DateTimeOffset now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        Assert.StartsWith("a.net s.net: reached", Of(shared, first with { Metadata = first.Metadata with { CreationTimestamp = now } }, second with { Metadata = second.Metadata with { CreationTimestamp = now.AddDays(-1) } }), StringComparison.Ordinal);
    }

    [Fact]
    public void ImportsOfEachOther_AreOneLeak() => Assert.Equal("a.net b.net: reached\nb.net a.net: reached",
        Of(Network("a/net", ["10.0.0.0/16"], ["b/net"], ["b/net"], vni: 1), Network("b/net", ["10.1.0.0/16"], ["a/net"], ["a/net"], vni: 2)));

    /// <summary>However networks come about: those that reach one network, and it, have no address in common; and each refusal but for consent names an overlap that there is.</summary>
    [Fact]
    public void InAnyNetwork_AnAddressMeansOneThing() =>
        Gen.Select(Gen.Int[0, 15], Gen.Int[20, 28], Gen.Int[0, 31], Gen.Int[0, 3]).Array[2, 12].Sample(shapes =>
        {
            VirtualNetwork[] networks = [.. shapes.Select((s, i) => Network(
                string.Create(CultureInfo.InvariantCulture, $"n{i}/net"), [new IpPrefix(InetAddress.FromIPv4(0x0a000000 + ((uint)s.Item1 << 12) + ((uint)s.Item3 << 7)), s.Item2).ToString()],
                [.. Enumerable.Range(0, shapes.Length).Where(j => j != i && (i + j) % 4 == s.Item4).Select(j => string.Create(CultureInfo.InvariantCulture, $"n{j}/net"))], ["*"], i))];
            Dictionary<string, IpPrefix> ranges = networks.ToDictionary(n => n.FullName, n => IpPrefix.Parse(n.Spec.Subnets![0].Cidr!));
            NetworkLeak[] leaks = [.. NetworkLeaks.Of(networks)];
            ILookup<string, string> partners = leaks.Where(l => l.Refusal is null).SelectMany(l => ((string, string)[])[(l.Importer, l.Exporter), (l.Exporter, l.Importer)]).Distinct().ToLookup(l => l.Item1, l => l.Item2);
            foreach (IGrouping<string, string> around in partners)
            {
                IpPrefix[] inside = [ranges[around.Key], .. around.Select(p => ranges[p])];
                for (int i = 0; i < inside.Length; i++)
                    for (int j = 0; j < i; j++) Assert.False(inside[i].Overlaps(inside[j]), $"{inside[i]} and {inside[j]} in {around.Key}");
            }
            foreach (NetworkLeak refused in leaks.Where(l => l.Refusal is not null))
            {
                bool clashes = ranges[refused.Importer].Overlaps(ranges[refused.Exporter])
                    || partners[refused.Exporter].Any(p => ranges[p].Overlaps(ranges[refused.Importer])) || partners[refused.Importer].Any(p => ranges[p].Overlaps(ranges[refused.Exporter]));
                Assert.True(clashes, refused.ToString());
            }
        });
}
