using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Margay.Lab.Checks;

/// <summary>The answers to all probes of a check.</summary>
public sealed record CheckReport(string Lab, IReadOnlyList<ProbeResult> Results, TimeSpan Took)
{
    public IEnumerable<ProbeResult> Mismatches => Results.Where(r => !r.AsExpected);
    public int Matching => Results.Count(r => r.AsExpected);
    public bool Passed => Results.All(r => r.AsExpected);

    /// <summary>For programs: the totals and every probe.</summary>
    public string ToJson()
    {
        using MemoryStream text = new();
        using (Utf8JsonWriter json = new(text, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("lab", Lab);
            json.WriteNumber("matching", Matching);
            json.WriteNumber("different", Results.Count - Matching);
            json.WriteNumber("milliseconds", Math.Round(Took.TotalMilliseconds));
            json.WriteStartArray("probes");
            foreach (ProbeResult result in Results) Write(json, result);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(text.ToArray());
    }

    /// <summary>The same in YAML; every value is plain or needs no more than quotes.</summary>
    public string ToYaml()
    {
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"lab: {Lab}\nmatching: {Matching}\ndifferent: {Results.Count - Matching}\nmilliseconds: {Took.TotalMilliseconds:0}\nprobes:\n");
        foreach (ProbeResult r in Results)
        {
            text.Append(CultureInfo.InvariantCulture, $"- {{from: {r.Plan.From}, to: {r.Plan.To}, address: \"{r.Plan.Target}\", family: {(r.Plan.IsIPv6 ? 6 : 4)}, port: {r.Plan.Port}, ")
                .Append(CultureInfo.InvariantCulture, $"expected: {(r.Plan.Expected ? "allow" : "deny")}, seen: {JsonNamingPolicy.CamelCase.ConvertName(r.Outcome.ToString())}, ")
                .Append(CultureInfo.InvariantCulture, $"asExpected: {(r.AsExpected ? "true" : "false")}, milliseconds: {r.Took.TotalMilliseconds:0.##}}}\n");
        }
        return text.ToString();
    }

    private static void Write(Utf8JsonWriter json, ProbeResult result)
    {
        json.WriteStartObject();
        json.WriteString("from", result.Plan.From);
        json.WriteString("to", result.Plan.To);
        json.WriteString("address", result.Plan.Target.ToString());
        json.WriteNumber("family", result.Plan.IsIPv6 ? 6 : 4);
        json.WriteString("port", result.Plan.Port.ToString());
        json.WriteString("expected", result.Plan.Expected ? "allow" : "deny");
        json.WriteString("seen", JsonNamingPolicy.CamelCase.ConvertName(result.Outcome.ToString()));
        json.WriteBoolean("asExpected", result.AsExpected);
        json.WriteNumber("milliseconds", Math.Round(result.Took.TotalMilliseconds, 2));
        json.WriteEndObject();
    }
}
