using System.Text;
using System.Text.Json;
using CsCheck;
using Margay.Api.Resources;
using Margay.Api.Validation;

namespace Margay.Api.Tests.Validation;

/// <summary>From JSON to typed objects: everything that does not fit is told, at its path, and nothing else is lost.</summary>
public class DecoderTests
{
    [Theory]
    [InlineData("""{"spec":{"cidr":5}}""", "spec.cidr TypeInvalid")]
    [InlineData("""{"spec":{"blockSize":"26"}}""", "spec.blockSize TypeInvalid")]
    [InlineData("""{"spec":{"blockSize":26.5}}""", "spec.blockSize TypeInvalid")]
    [InlineData("""{"spec":{"blockSize":99999999999}}""", "spec.blockSize TypeInvalid")]
    [InlineData("""{"spec":{"natOutgoing":"yes"}}""", "spec.natOutgoing TypeInvalid")]
    [InlineData("""{"spec":{"allowedUses":"Workload"}}""", "spec.allowedUses TypeInvalid")]
    [InlineData("""{"spec":{"allowedUses":[1,"Workload",null]}}""", "spec.allowedUses[0] TypeInvalid; spec.allowedUses[2] TypeInvalid")]
    [InlineData("""{"spec":[]}""", "spec TypeInvalid")]
    [InlineData("""{"spec":{"CIDR":"x"}}""", "spec.CIDR UnknownField")]
    [InlineData("""{"spec":{"cidr":"a","cidr":"b"}}""", "spec.cidr Duplicate")]
    [InlineData("""{"spec":{"colour":"red"},"extra":1}""", "extra UnknownField; spec.colour UnknownField")]
    [InlineData("""{"metadata":{"labels":{"a":"b","a":"c","n":1,"z":null}}}""", "metadata.labels[a] Duplicate; metadata.labels[n] TypeInvalid; metadata.labels[z] TypeInvalid")]
    [InlineData("""{"metadata":{"creationTimestamp":"yesterday"}}""", "metadata.creationTimestamp TypeInvalid")]
    [InlineData("""{"status":{"conditions":[{"type":"A"}]}}""", "status.conditions[0].status Required")]
    [InlineData("""{"kind":"Node"}""", "kind Invalid")]
    [InlineData("""{"apiVersion":"v1"}""", "apiVersion Invalid")]
    [InlineData("""{"kind":7}""", "kind TypeInvalid")]
    [InlineData("""{"spec":null,"status":null,"metadata":{"name":"x","creationTimestamp":null}}""", "")]
    [InlineData("""{"metadata":{"managedFields":[{}],"selfLink":"x"}}""", "")]
    [InlineData("""[]""", " TypeInvalid")]
    [InlineData("""null""", " TypeInvalid")]
    [InlineData("""{"spec":""", " Malformed")]
    [InlineData("", " Malformed")]
    [InlineData("""{"spec":{"cidr":"\ud800"}}""", " Malformed")]
    [InlineData("""{"spec":{"\udc00":1}}""", " Malformed")]
    [InlineData("""{"spec":{"cidr":"10.0.0.0/8","nodeSelector":"a == '\ud83d\ude00'"}}""", "")]
    public void Decode_TellsEveryFault(string json, string faults) => Assert.Equal(faults, Admitted.Faults(Decode(json, ResourceKinds.IPPool)));

    [Theory]
    [InlineData("""{}""", "apiVersion Required; kind Required")]
    [InlineData("""{"apiVersion":"projectcalico.org/v3","kind":"IPPol"}""", "kind NotSupported")]
    [InlineData("""{"apiVersion":"crd.projectcalico.org/v1","kind":"IPPool"}""", "apiVersion NotSupported")]
    [InlineData("""{"apiVersion":"networking.k8s.io/v1beta1","kind":"NetworkPolicy"}""", "apiVersion NotSupported")]
    [InlineData("""{"apiVersion":"projectcalico.org/v3","kind":"IPReservation"}""", "kind NotSupported")]
    [InlineData("""{"apiVersion":3,"kind":[]}""", "apiVersion TypeInvalid; kind TypeInvalid")]
    public void Decode_WithoutAnExpectedKind_SaysWhichAreKnown(string json, string faults)
    {
        Decoded decoded = Decode(json, null);
        Assert.Equal(faults, Admitted.Faults(decoded));
        Assert.Null(decoded.Kind);
    }

    [Theory]
    [InlineData("IPPol", "did you mean IPPool?")]
    [InlineData("ippool", "did you mean IPPool?")]
    [InlineData("IPReservation", "Calico kind that this version of Margay does not serve")]
    [InlineData("Pod", "known kinds: BGPConfiguration, BGPFilter, BGPPeer, ClusterNetworkPolicy, EndpointSlice, ")]
    public void Decode_UnknownKind_HelpsOn(string kind, string help)
    {
        Decoded decoded = Decode($$"""{"apiVersion":"projectcalico.org/v3","kind":"{{kind}}"}""", null);
        Assert.Contains(help, decoded.Findings.Faults[0].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Decode_KeepsWhatFits_AndFillsInTheKind()
    {
        var pool = (IPPool)Decode("""{"metadata":{"name":"p"},"spec":{"cidr":"10.0.0.0/8","blockSize":"x","disabled":true}}""", ResourceKinds.IPPool).Resource!;
        Assert.Equal(("p", "10.0.0.0/8", null, true), (pool.Name, pool.Spec.Cidr, pool.Spec.BlockSize, pool.Spec.Disabled));
        Assert.Equal(("projectcalico.org/v3", "IPPool"), (pool.ApiVersion, pool.Kind));
    }

    [Fact]
    public void Decode_ForeignFields_AreDroppedWithAWarning()
    {
        Decoded decoded = Decode("""{"metadata":{"name":"n","finalizers":["a"]},"spec":{"wireguard":{},"bgp":{"ipv4IPIPTunnelAddr":"10.0.0.1"}}}""", ResourceKinds.Node);
        Assert.True(decoded.IsValid);
        Assert.Equal("metadata.finalizers NotImplemented; spec.bgp.ipv4IPIPTunnelAddr NotImplemented; spec.wireguard NotImplemented", Admitted.Warnings(decoded));
    }

    [Theory]
    [InlineData(UnknownFields.Refuse, 1, 0)]
    [InlineData(UnknownFields.Warn, 0, 1)]
    [InlineData(UnknownFields.Ignore, 0, 0)]
    public void Decode_UnknownFields_AsAsked(UnknownFields mode, int faults, int warnings)
    {
        Decoded decoded = ResourceDecoder.Decode("""{"spec":{"x":1}}"""u8.ToArray(), ResourceKinds.IPPool, mode);
        Assert.Equal((faults, warnings), (decoded.Findings.Faults.Count, decoded.Findings.Warnings.Count));
    }

    [Fact]
    public void Admit_DoesNotRepeatAFaultInOtherWords()
    {
        // cidr has the wrong type: that it is then missing is no second fault.
        Decoded decoded = ResourceDecoder.Admit("""{"metadata":{"name":"p"},"spec":{"cidr":5,"blockSize":3}}"""u8.ToArray(), ResourceKinds.IPPool);
        Assert.Equal("spec.cidr TypeInvalid", Admitted.Faults(decoded));
    }

    [Fact]
    public void Status_NamesEveryFault()
    {
        Status status = Decode("""{"spec":{"cidr":5,"x":1}}""", ResourceKinds.IPPool).Findings.ToStatus(ResourceKinds.IPPool, "p");
        Assert.Equal(("Failure", "BadRequest", 400), (status.Outcome, status.Reason, status.Code));
        Assert.Equal(["spec.cidr", "spec.x"], status.Details!.Causes!.Select(c => c.Field!));
        Assert.StartsWith("IPPool.projectcalico.org \"p\" is invalid: [spec.cidr: must be a string", status.Message, StringComparison.Ordinal);
        var findings = new Findings();
        findings.Add("spec.cidr", FaultReason.Required, "is missing");
        Assert.Equal(("Invalid", 422, "FieldValueRequired"), (findings.ToStatus(null, null).Reason, findings.ToStatus(null, null).Code, findings.Faults[0].ToCause().Reason));
    }

    [Fact]
    public void Decode_ManyFaults_AreBounded()
    {
        string json = "{\"spec\":{\"allowedUses\":[" + string.Join(',', Enumerable.Repeat("1", 100_000)) + "]}}";
        Assert.InRange(Decode(json, ResourceKinds.IPPool).Findings.Faults.Count, 100, 101);
    }

    [Fact]
    public void Decode_DeepNesting_IsRefused() =>
        Assert.Equal(" Malformed", Admitted.Faults(Decode(new string('[', 100_000), ResourceKinds.IPPool)));

    [Fact]
    public void Messages_AreFitForATerminal()
    {
        Decoded decoded = Decode("""{"spec":{"cidr\u001b[31m":1,"nodeSelector":5}}""", ResourceKinds.IPPool);
        Assert.All(decoded.Findings.Faults, f => Assert.DoesNotContain('\u001b', f.ToString()));
    }

    [Fact]
    public void Decode_AnyBytes_GivesAResult() => Gen.Byte.Array[0, 200].Sample(bytes =>
    {
        foreach (ResourceKind kind in ResourceKinds.All) ResourceDecoder.Admit(bytes, kind);
    });

    [Fact]
    public void Decode_AnyJsonInAnyField_GivesAResult()
    {
        Gen<string> name = Gen.Int[0, Names.Length - 1].Select(i => Names[i]);
        Gen<string> value = Gen.Recursive<string>((depth, inner) => depth > 3 ? Gen.Const("1") : Gen.OneOf(
            Gen.Int[0, Values.Length - 1].Select(i => Values[i]),
            inner.Array[0, 3].Select(v => $"[{string.Join(',', v)}]"),
            Gen.Select(name, inner).Array[0, 4].Select(fields => $"{{{string.Join(',', fields.Select(f => $"\"{f.Item1}\":{f.Item2}"))}}}")));
        Gen.Select(value, value).Sample((spec, metadata) =>
        {
            byte[] json = Encoding.UTF8.GetBytes($$"""{"metadata":{{metadata}},"spec":{{spec}},"status":{{spec}}}""");
            foreach (ResourceKind kind in ResourceKinds.All)
            {
                Decoded decoded = ResourceDecoder.Admit(json, kind);
                if (decoded.IsValid) JsonSerializer.Serialize(decoded.Resource, kind.TypeInfo);
            }
        });
    }

    private static readonly string[] Names =
    [
        "name", "namespace", "labels", "cidr", "blockSize", "ingress", "egress", "action", "source", "destination", "nets", "ports", "selector", "protocol", "icmp", "bgp",
        "asNumber", "peerIP", "communities", "ipNetworks", "types", "conditions", "type", "services", "http", "paths", "password", "addresses", "nodeSelector",
    ];

    private static readonly string[] Values =
        ["null", "true", "0", "-1", "1e400", "\"\"", "\"x\"", "\"10.0.0.0/8\"", "\"fd00::/8\"", "\"all()\"", "\"TCP\"", "\"Allow\"", "65536", "{}", "[]", "[null]", "\"\\ud800\""];

    private static Decoded Decode(string json, ResourceKind? kind) => ResourceDecoder.Decode(Encoding.UTF8.GetBytes(json), kind);
}
