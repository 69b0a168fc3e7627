using Margay.Core.Net;
using Margay.Lab.Checks;
using Margay.Lab.Topologies;

namespace Margay.Lab.Tests.Checks;

public class MatrixTests
{
    private static ProbeResult Result(string from, string to, bool v6, string port, bool expected, ProbeOutcome outcome)
    {
        Assert.True(TransportPort.TryParse(port, out TransportPort parsed));
        return new ProbeResult(new ProbePlan(from, to, InetAddress.Parse(v6 ? "fd00::1" : "10.0.0.1"), parsed, expected, to), outcome, TimeSpan.FromMilliseconds(1.5));
    }

    private static CheckReport Report(params ProbeResult[] results) => new("t", results, TimeSpan.FromSeconds(2));

    [Theory]
    [InlineData(true, ProbeOutcome.Reached, true)]
    [InlineData(true, ProbeOutcome.Silent, false)]
    [InlineData(true, ProbeOutcome.Refused, false)]
    [InlineData(true, ProbeOutcome.Misdelivered, false)]
    [InlineData(false, ProbeOutcome.Silent, true)]
    [InlineData(false, ProbeOutcome.Unreachable, true)]
    // These packets got through: no denial.
    [InlineData(false, ProbeOutcome.Refused, false)]
    [InlineData(false, ProbeOutcome.Misdelivered, false)]
    [InlineData(false, ProbeOutcome.Reached, false)]
    public void AsExpected_OnlyWhenTheNetworkDidIt(bool expected, ProbeOutcome outcome, bool asExpected) =>
        Assert.Equal(asExpected, Result("a/x", "a/y", false, "icmp", expected, outcome).AsExpected);

    [Fact]
    public void Render_ShowsBothFamiliesAndMarksDifferences()
    {
        CheckReport report = Report(
            Result("a/x", "a/y", false, "icmp", true, ProbeOutcome.Reached), Result("a/x", "a/y", true, "icmp", true, ProbeOutcome.Silent),
            Result("a/y", "a/x", false, "icmp", false, ProbeOutcome.Silent), Result("a/y", "a/x", true, "icmp", false, ProbeOutcome.Reached),
            Result("a/x", "a/y", false, "80/tcp", false, ProbeOutcome.Silent), Result("a/z", "a/y", false, "80/tcp", false, ProbeOutcome.Silent),
            Result("host1", "a/y", false, "80/tcp", true, ProbeOutcome.Reached));
        Assert.Equal("""
            icmp      1   2
              1 a/x  ··  +X
              2 a/y  .!  ··

            80/tcp         2
                host1     + 
                2 others  ..
                2 = a/y

            DIFFERENT  a/x → a/y (fd00::1) icmp: expected allow, seen silent
            DIFFERENT  a/y → a/x (fd00::1) icmp: expected deny, seen reached

            5 of 7 probes as expected, in 2.0 s

            """, Matrix.Render(report));
    }

    [Fact]
    public void Report_CountsAndPasses()
    {
        CheckReport bad = Report(Result("a/x", "a/y", false, "icmp", true, ProbeOutcome.Silent), Result("a/y", "a/x", false, "icmp", true, ProbeOutcome.Reached));
        Assert.False(bad.Passed);
        Assert.Equal(1, bad.Matching);
        Assert.True(Report(Result("a/x", "a/y", false, "icmp", false, ProbeOutcome.Silent)).Passed);
    }

    [Fact]
    public void Json_HasTotalsAndEveryProbe()
    {
        using var json = System.Text.Json.JsonDocument.Parse(Report(Result("a/x", "a/y", true, "53/udp", true, ProbeOutcome.Reached)).ToJson());
        Assert.Equal(1, json.RootElement.GetProperty("matching").GetInt32());
        Assert.Equal(0, json.RootElement.GetProperty("different").GetInt32());
        var probe = json.RootElement.GetProperty("probes")[0];
        Assert.Equal("53/udp", probe.GetProperty("port").GetString());
        Assert.Equal(6, probe.GetProperty("family").GetInt32());
        Assert.Equal("reached", probe.GetProperty("seen").GetString());
        Assert.True(probe.GetProperty("asExpected").GetBoolean());
    }

    [Fact]
    public void Yaml_SaysTheSame()
    {
        string yaml = Report(Result("a/x", "a/y", true, "53/udp", true, ProbeOutcome.Reached)).ToYaml();
        Assert.Equal("""
            lab: t
            matching: 1
            different: 0
            milliseconds: 2000
            probes:
            - {from: a/x, to: a/y, address: "fd00::1", family: 6, port: 53/udp, expected: allow, seen: reached, asExpected: true, milliseconds: 1.5}

            """, yaml);
    }
}
