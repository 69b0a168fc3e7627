using System.Text;
using Margay.Api.Validation;
using Margay.Api.Validation.Manifests;

namespace Margay.Api.Tests.Validation;

/// <summary>Runs a manifest through every stage and puts what was found into comparable lines.</summary>
internal static class Admitted
{
    public static Decoded One(string yaml) => Assert.Single(ManifestReader.Read(Encoding.UTF8.GetBytes(yaml), "test")).Admit("default");

    /// <summary>An object of a kind with this spec, written in YAML's flow style.</summary>
    public static Decoded Spec(string kind, string spec, string name = "x") =>
        One($"{{apiVersion: {(kind switch { "Namespace" => "v1", "VirtualNetwork" or "FloatingIP" => "margay.dev/v1", _ => "projectcalico.org/v3" })}, kind: {kind}, metadata: {{name: {name}}}, spec: {spec}}}");

    /// <summary>"path Reason" of each fault, sorted and joined by "; ".</summary>
    public static string Faults(Decoded decoded) => Join(decoded.Findings.Faults);

    public static string Warnings(Decoded decoded) => Join(decoded.Findings.Warnings);

    private static string Join(IEnumerable<Fault> faults) =>
        string.Join("; ", faults.Select(f => $"{f.Field} {f.Reason}").Order(StringComparer.Ordinal));
}
