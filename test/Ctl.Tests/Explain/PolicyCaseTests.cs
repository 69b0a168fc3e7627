using System.Globalization;
using System.Text.Json;
using Margay.Api.Resources;
using Margay.Core.Net;
using Margay.PolicyCases;

namespace Margay.Ctl.Tests.Explain;

/// <summary>The table of packet × policy → verdict (test/PolicyCases), answered by the program: manifests and arguments in, JSON out.</summary>
public sealed class PolicyCaseTests : CliFixture
{
    private static readonly IReadOnlyList<PolicyCase> Cases = PolicyCase.All();

    public static TheoryData<string> Names => [.. Cases.Select(c => c.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Explain_AgreesWithTheTable(string name)
    {
        PolicyCase given = Cases.Single(c => c.Name == name);
        string manifests = Write("objects.yaml", string.Join("\n---\n", given.Objects.Select(TextOf)));
        List<string> wrong = [];
        foreach (CasePacket packet in given.Packets)
        {
            (int status, string output, string error) = await RunAsync(["explain", "-f", manifests, "--interface", "eth0", "-o", "json", .. Question(packet)]);
            if (status != 0)
            {
                wrong.Add($"{packet.Text}: {error}");
                continue;
            }
            JsonElement report = JsonDocument.Parse(output).RootElement, path = Assert.Single(report.GetProperty("paths").EnumerateArray());
            Assert.Equal(packet.Source.IsIPv6 ? 6 : 4, path.GetProperty("family").GetInt32());
            string verdict = report.GetProperty("verdict").GetString()!, reason = path.GetProperty("reason").GetString()!;
            if (verdict != (packet.Allowed ? "allow" : "deny") || (packet.By is { } by && !reason.Contains(by, StringComparison.Ordinal))) wrong.Add($"{packet.Text}: {verdict} by {reason}\n{output}");
        }
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    private static string[] Question(CasePacket packet) =>
    [
        "--from", PartyOf(packet.From, packet.Source), "--to", PartyOf(packet.To, packet.Destination), "--port", FlowOf(packet), "--ip", packet.Source.IsIPv6 ? "6" : "4",
        .. packet.SourcePort is { } port ? ["--source-port", port.ToString(CultureInfo.InvariantCulture)] : (string[])[],
    ];

    private static string PartyOf(string name, InetAddress address) =>
        CasePacket.NamespaceOf(name) is { } ns ? $"{ns}/{name}" : name == "host" ? "node:n1" : address.ToString();

    private static string FlowOf(CasePacket packet) => packet switch
    {
        { Protocol: Protocol.Tcp } => $"{packet.DestinationPort}/tcp",
        { Protocol: Protocol.Udp } => $"{packet.DestinationPort}/udp",
        { Protocol: Protocol.Sctp } => $"{packet.DestinationPort}/sctp",
        { Protocol: Protocol.Icmp } => $"icmp:{packet.IcmpType}/{packet.IcmpCode}",
        { Protocol: Protocol.IcmpV6 } => $"icmpv6:{packet.IcmpType}/{packet.IcmpCode}",
        _ => $"proto:{packet.Protocol}",
    };

    private static string TextOf(Resource resource)
    {
        ResourceKind kind = ResourceKinds.All.Single(k => k.TypeInfo.Type == resource.GetType());
        return JsonSerializer.Serialize(resource with { ApiVersion = kind.ApiVersion, Kind = kind.Kind }, kind.TypeInfo);
    }
}
