namespace Margay.ApiServer.Rest.Tables;

/// <summary>Ages as kubectl shows them: two significant units while they matter, then one.</summary>
internal static class HumanDuration
{
    public static string Of(TimeSpan age)
    {
        long seconds = Math.Max(0, (long)age.TotalSeconds), minutes = seconds / 60, hours = minutes / 60, days = hours / 24, years = days / 365;
        return age switch
        {
            _ when seconds < 120 => $"{seconds}s",
            _ when minutes < 10 => Two(minutes, "m", seconds % 60, "s"),
            _ when minutes < 180 => $"{minutes}m",
            _ when hours < 8 => Two(hours, "h", minutes % 60, "m"),
            _ when hours < 48 => $"{hours}h",
            _ when days < 8 => Two(days, "d", hours % 24, "h"),
            _ when days < 730 => $"{days}d",
            _ when years < 8 => Two(years, "y", days % 365, "d"),
            _ => $"{years}y",
        };
    }

    private static string Two(long large, string largeUnit, long small, string smallUnit) =>
        small == 0 ? $"{large}{largeUnit}" : $"{large}{largeUnit}{small}{smallUnit}";
}
