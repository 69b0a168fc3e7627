namespace Margay.CalcGraph.Topology;

/// <summary>A hash that is the same in every process and version: FNV-1a over the characters of both, mixed once more.</summary>
internal static class StableHash
{
    public static ulong Of(string a, string b)
    {
        ulong hash = Add(14695981039346656037, a);
        hash = Add((hash ^ 0xff) * 1099511628211, b);
        hash ^= hash >> 33;
        hash *= 0xff51afd7ed558ccd;
        return hash ^ (hash >> 33);
    }

    private static ulong Add(ulong hash, string text)
    {
        foreach (char c in text) hash = (hash ^ c) * 1099511628211;
        return hash;
    }
}
