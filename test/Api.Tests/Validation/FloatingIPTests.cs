using Margay.Api.Resources;
using Margay.Api.Validation;

namespace Margay.Api.Tests.Validation;

/// <summary>What a FloatingIP may say, and the pools that such addresses come from.</summary>
public sealed class FloatingIPTests
{
    [Theory]
    [InlineData("{network: net, target: 10.0.0.5}", "")]
    [InlineData("{network: net, target: 10.0.0.5, address: 203.0.113.7, pool: world}", "")]
    [InlineData("{network: net, target: 'fd00::5', address: '2001:db8::7'}", "")]
    [InlineData("{}", "spec.network Required; spec.target Required")]
    [InlineData("{network: red.net, target: 10.0.0.5/32}", "spec.network Invalid; spec.target Invalid")]
    [InlineData("{network: default, target: x}", "spec.network Invalid; spec.target Invalid")]
    [InlineData("{network: net, target: 10.0.0.5, address: '2001:db8::7', pool: A_B}", "spec.address Invalid; spec.pool Invalid")]
    public void Spec_Rules(string spec, string faults) => Assert.Equal(faults, Admitted.Faults(Admitted.Spec("FloatingIP", spec)));

    [Theory]
    [InlineData("allowedUses: [FloatingIP]", "")]
    [InlineData("allowedUses: [FloatingIP, Workload]", "spec.allowedUses Forbidden")]
    [InlineData("allowedUses: [FloatingIP], natOutgoing: true", "spec.natOutgoing Forbidden")]
    public void ItsPools_AreForNothingElse(string more, string faults) => Assert.Equal(faults, Admitted.Faults(Admitted.Spec("IPPool", $"{{cidr: 203.0.113.0/24, {more}}}")));

    [Theory]
    [InlineData("net", "203.0.113.7", "10.0.0.6", "")]
    [InlineData("net", null, "10.0.0.6", "")]
    [InlineData("other", "203.0.113.8", "10.0.0.5", "spec.address Forbidden; spec.network Forbidden")]
    public void OnlyTheTarget_MayChange(string network, string? address, string target, string faults)
    {
        Findings findings = Validator.ValidateUpdate(
            new FloatingIP { Spec = new() { Network = "net", Address = "203.0.113.7", Target = "10.0.0.5" } }, new FloatingIP { Spec = new() { Network = network, Address = address, Target = target } });
        Assert.Equal(faults, string.Join("; ", findings.Faults.Select(f => $"{f.Field} {f.Reason}").Order(StringComparer.Ordinal)));
    }
}
