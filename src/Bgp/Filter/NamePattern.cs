namespace Margay.Bgp.Filter;

/// <summary>Names with *, which stands for any run of characters, also none.</summary>
internal static class NamePattern
{
    internal static bool Matches(ReadOnlySpan<char> pattern, ReadOnlySpan<char> name)
    {
        int star = pattern.IndexOf('*');
        if (star < 0) return pattern.SequenceEqual(name);
        if (!name.StartsWith(pattern[..star])) return false;
        ReadOnlySpan<char> rest = pattern[(star + 1)..];
        // Names are short: trying every place is cheap.
        for (int at = star; at <= name.Length; at++)
        {
            if (Matches(rest, name[at..])) return true;
        }
        return false;
    }
}
