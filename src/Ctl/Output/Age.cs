using System.Globalization;

namespace Margay.Ctl.Output;

/// <summary>How long ago, in one or two units: 42s, 5m, 3h, 12d.</summary>
internal static class Age
{
    public static string Of(DateTimeOffset? since, TimeProvider time)
    {
        if (since is null) return "?";
        TimeSpan age = time.GetUtcNow() - since.Value;
        return age.TotalSeconds < 0 ? "0s" :
            age.TotalSeconds < 120 ? Text(age.TotalSeconds, "s") :
            age.TotalMinutes < 120 ? Text(age.TotalMinutes, "m") :
            age.TotalHours < 48 ? Text(age.TotalHours, "h") : Text(age.TotalDays, "d");
    }

    private static string Text(double number, string unit) => ((long)number).ToString(CultureInfo.InvariantCulture) + unit;
}
