using Margay.Api.Validation;
using Margay.Api.Validation.Manifests;

namespace Margay.Ctl.Manifests;

/// <summary>What checking one object of a manifest gave, as <c>validate -o json</c> writes it.</summary>
internal sealed record ManifestVerdict(string Source, int Line, string? Kind, string? Namespace, string? Name, bool Valid, IReadOnlyList<ManifestFinding> Findings)
{
    public static ManifestVerdict Of(ManifestObject item, Decoded decoded) => new(
        item.Source, item.Line, decoded.Kind?.Kind, decoded.Resource?.Namespace, decoded.Resource?.Name, decoded.IsValid,
        [
            .. decoded.Findings.Faults.Select(f => new ManifestFinding("error", f.Field, f.Reason.ToString(), f.Message, f.Line)),
            .. decoded.Findings.Warnings.Select(f => new ManifestFinding("warning", f.Field, f.Reason.ToString(), f.Message, f.Line)),
        ]);

    /// <summary>One line for each finding: FILE:LINE: error: KIND/NAME: FIELD: what is wrong.</summary>
    public void WriteTo(TextWriter writer)
    {
        string what = Kind is null ? "" : Name is null ? $"{Kind}: " : $"{Kind}/{Name}: ";
        foreach (ManifestFinding finding in Findings.OrderBy(f => f.Line ?? Line))
        {
            int line = finding.Line ?? Line;
            writer.WriteLine($"{Source}{(line > 0 ? $":{line}" : "")}: {finding.Severity}: {what}{(finding.Field.Length > 0 ? $"{finding.Field}: " : "")}{finding.Message}");
        }
    }
}

internal sealed record ManifestFinding(string Severity, string Field, string Reason, string Message, int? Line);
