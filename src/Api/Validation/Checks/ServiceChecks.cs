using Margay.Api.Resources;

namespace Margay.Api.Validation.Checks;

/// <summary>A match on a service: where it may stand and what it excludes.</summary>
internal static class ServiceChecks
{
    public static void Check(Findings findings, FieldPath entityAt, EntityRule entity, PolicyType direction, bool isSource, bool isNamespaced)
    {
        if (entity.Services is not { } services) return;
        FieldPath at = entityAt["services"];
        Values.Required(findings, at["name"], services.Name, "the name of the service");
        Values.ResourceName(findings, at["name"], services.Name is { Length: > 0 } name ? name : null);
        if (!isNamespaced) Values.Required(findings, at["namespace"], services.Namespace, "a global policy must say which namespace the service is in");
        Values.ResourceName(findings, at["namespace"], services.Namespace is { Length: > 0 } space ? space : null);
        bool rightSide = isSource == (direction == PolicyType.Ingress);
        if (!rightSide) findings.Add(at, FaultReason.Forbidden, $"{(direction == PolicyType.Ingress ? "an ingress rule matches services only in source" : "an egress rule matches services only in destination")}");
        Exclude(findings, entityAt, "selector", entity.Selector is not null);
        Exclude(findings, entityAt, "notSelector", entity.NotSelector is not null);
        Exclude(findings, entityAt, "namespaceSelector", entity.NamespaceSelector is not null);
        Exclude(findings, entityAt, "nets", entity.Nets is { Count: > 0 });
        Exclude(findings, entityAt, "notNets", entity.NotNets is { Count: > 0 });
        Exclude(findings, entityAt, "serviceAccounts", entity.ServiceAccounts is not null);
        if (direction == PolicyType.Egress)
        {
            Exclude(findings, entityAt, "ports", entity.Ports is { Count: > 0 });
            Exclude(findings, entityAt, "notPorts", entity.NotPorts is { Count: > 0 });
        }
    }

    private static void Exclude(Findings findings, FieldPath entityAt, string field, bool isGiven)
    {
        if (isGiven) findings.Add(entityAt[field], FaultReason.Forbidden, "excludes services, which already say which addresses and ports are meant: remove one of them");
    }
}
