namespace Margay.CalcGraph.Topology;

/// <summary>
/// Which reflectors a client peers with: by rendezvous hashing, so that every client reckons alone, load is even, and one reflector more or less moves only the clients that it gains
/// or loses. Of different domains, as far as there are such.
/// </summary>
public static class ReflectorAssignment
{
    public static List<string> Of(string client, IReadOnlyCollection<(string Node, string Domain)> reflectors, int count)
    {
        List<(string Node, string Domain)> ranked = [.. reflectors.Where(r => r.Node != client).OrderByDescending(r => StableHash.Of(client, r.Node)).ThenBy(r => r.Node, StringComparer.Ordinal)];
        HashSet<string> domains = [];
        List<string> chosen = [.. ranked.Where(r => domains.Add(r.Domain)).Take(count).Select(r => r.Node)];
        chosen.AddRange(ranked.Select(r => r.Node).Except(chosen).Take(count - chosen.Count).ToList());
        return chosen;
    }
}
