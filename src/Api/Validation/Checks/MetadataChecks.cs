using System.Text;
using Margay.Api.Resources;

namespace Margay.Api.Validation.Checks;

/// <summary>Names, labels and annotations, for every kind.</summary>
internal static class MetadataChecks
{
    private const int MaxAnnotationBytes = 256 * 1024;

    public static void Check(Findings findings, Resource resource, ResourceKind kind)
    {
        FieldPath at = FieldPath.Root["metadata"];
        ObjectMeta metadata = resource.Metadata;
        CheckName(findings, at, metadata, resource);
        CheckNamespace(findings, at["namespace"], metadata.Namespace, kind);
        CheckLabels(findings, at["labels"], metadata.Labels);
        CheckAnnotations(findings, at["annotations"], metadata.Annotations);
        if (metadata.ResourceVersion is { Length: > 0 } version && !ulong.TryParse(version, out _))
            findings.Add(at["resourceVersion"], FaultReason.Invalid, $"\"{Leaf.Printable(version)}\" is no revision: take it from a read, or leave it out");
    }

    public static void CheckLabels(Findings findings, FieldPath at, IReadOnlyDictionary<string, string>? labels)
    {
        if (labels is null) return;
        foreach ((string key, string value) in labels)
        {
            CheckKey(findings, at, key);
            if (!Names.IsLabelValue(value))
                findings.Add(at.Key(Leaf.Printable(key)), FaultReason.Invalid, $"\"{Leaf.Printable(value)}\" is no label value: at most 63 letters, digits, '-', '_' and '.', a letter or digit at both ends");
        }
    }

    private static void CheckName(Findings findings, FieldPath at, ObjectMeta metadata, Resource resource)
    {
        if (string.IsNullOrEmpty(metadata.Name))
        {
            if (string.IsNullOrEmpty(metadata.GenerateName)) findings.Add(at["name"], FaultReason.Required, "is missing: give the object a name, or a generateName");
            else if (!Names.IsDnsSubdomain(metadata.GenerateName.TrimEnd('-', '.') is { Length: > 0 } stem ? stem : "!"))
                findings.Add(at["generateName"], FaultReason.Invalid, $"\"{Leaf.Printable(metadata.GenerateName)}\" cannot start an object name: lower-case letters, digits, '-' and '.'");
            return;
        }

        string name = metadata.Name;
        if (ShapeOf(resource, name) is { } fault) findings.Add(at["name"], FaultReason.Invalid, $"\"{Leaf.Printable(name)}\" {fault}");
        else Values.ResourceName(findings, at["name"], name);
    }

    // What a kind asks of its names beyond being a DNS subdomain.
    private static string? ShapeOf(Resource resource, string name) => resource switch
    {
        Namespace when !Names.IsDnsLabel(name) => "is no namespace name: 1 to 63 lower-case letters, digits and '-'",
        Tier when !Names.IsDnsLabel(name) => "is no tier name: 1 to 63 lower-case letters, digits and '-'",
        FelixConfiguration when name != "default" && !name.StartsWith("node.", StringComparison.Ordinal) => "would have no effect: the configuration of all agents is called default, that of one node.NODE",
        NetworkPolicy or StagedNetworkPolicy when !IsPolicyName(name) => "is no policy name: NAME or TIER.NAME, each of lower-case letters, digits and '-'",
        GlobalNetworkPolicy or StagedGlobalNetworkPolicy when name.Count('.') > 1 => "is no name of a global policy: at most one dot, as in TIER.NAME",
        BGPConfiguration when name != "default" && !name.StartsWith("node.", StringComparison.Ordinal) => "would have no effect: the BGP configuration of the cluster is called default, that of one node node.NODE",
        IPAMBlock { Spec: { Cidr: { } cidr, Network: var network } } when name != IPAMBlock.NameOf(network, cidr) => $"does not say its cidr: the name of this block must be {Leaf.Printable(IPAMBlock.NameOf(network, cidr))}",
        VirtualNetwork when !Names.IsDnsLabel(name) || name == "default" => "is no network name: 1 to 63 lower-case letters, digits and '-', other than default",
        _ => null,
    };

    private static bool IsPolicyName(string name)
    {
        if (name.StartsWith("knp.default.", StringComparison.Ordinal) || name.StartsWith("ossg.default.", StringComparison.Ordinal)) return Names.IsDnsSubdomain(name);
        int dot = name.IndexOf('.', StringComparison.Ordinal);
        return dot < 0 ? IsLabel(name) : IsLabel(name.AsSpan(0, dot)) && IsLabel(name.AsSpan(dot + 1));
        static bool IsLabel(ReadOnlySpan<char> part) => Names.IsDnsSubdomain(part) && !part.Contains('.');
    }

    private static void CheckNamespace(Findings findings, FieldPath at, string? value, ResourceKind kind)
    {
        if (!kind.Namespaced)
        {
            if (!string.IsNullOrEmpty(value)) findings.Add(at, FaultReason.Forbidden, $"a {kind.Kind} belongs to no namespace: remove the field");
        }
        else if (Values.Required(findings, at, value, $"a {kind.Kind} belongs to a namespace") && !Names.IsDnsLabel(value))
        {
            findings.Add(at, FaultReason.Invalid, $"\"{Leaf.Printable(value!)}\" is no namespace name: 1 to 63 lower-case letters, digits and '-'");
        }
    }

    private static void CheckAnnotations(Findings findings, FieldPath at, IReadOnlyDictionary<string, string>? annotations)
    {
        if (annotations is null) return;
        long size = 0;
        foreach ((string key, string value) in annotations)
        {
            CheckKey(findings, at, key);
            size += Encoding.UTF8.GetByteCount(key) + Encoding.UTF8.GetByteCount(value);
        }

        if (size > MaxAnnotationBytes) findings.Add(at, FaultReason.TooLong, $"the annotations have {size} bytes in all, at most {MaxAnnotationBytes} are allowed");
    }

    private static void CheckKey(Findings findings, FieldPath at, string key)
    {
        if (Names.IsQualifiedName(key)) return;
        findings.Add(at.Key(Leaf.Printable(key)), FaultReason.Invalid, "is no key: an optional domain and '/', then 1 to 63 letters, digits, '-', '_' and '.', a letter or digit at both ends");
    }
}
