using System.Text.RegularExpressions;

namespace Margay.House.Tests;

/// <summary>The layers as data. A reference that is not listed fails; to add one, give its reason here.</summary>
public class LayerTests
{
    /// <summary>Between assemblies: from, to, why.</summary>
    private static readonly (string From, string To, string Why)[] Allowed =
    [
        ("Bgp", "Core", "prefixes, span readers, event loop"),
        ("Netlink", "Core", "prefixes, span readers"),
        ("Store", "Core", "event loop of the writer"),
        ("Api", "Core", "addresses and network names"),
        ("Policy", "Api", "views of policies and sets are its input"),
        ("Policy", "Core", "prefixes"),
        ("Ipam", "Api", "pools and blocks are its input"),
        ("Ipam", "Core", "prefixes"),
        ("CalcGraph", "Policy", "policy order and rule resolution"),
        ("CalcGraph", "Api", "resources in, views out"),
        ("CalcGraph", "Core", "network prefixes"),
        ("Dataplane", "Policy", "renders the compiled form"),
        ("Dataplane", "Api", "views are its input"),
        ("Dataplane", "Netlink", "the kernel"),
        ("Dataplane", "Core", "event loop, delta tracker"),
        ("Lab", "Api", "manifests of a topology"),
        ("Lab", "Netlink", "namespaces and links"),
        ("Lab", "Core", "addresses"),
        ("ApiServer", "CalcGraph", "one view per node"),
        ("ApiServer", "Ipam", "picks blocks"),
        ("ApiServer", "Policy", "explain"),
        ("ApiServer", "Store", "truth"),
        ("ApiServer", "Api", "resources"),
        ("ApiServer", "Core", "event loop"),
        ("Agent", "Api", "views, attach messages, client"),
        ("Agent", "Bgp", "the speaker"),
        ("Agent", "Dataplane", "the kernel's desired state"),
        ("Agent", "Ipam", "addresses within its own blocks, without a round trip"),
        ("Agent", "Netlink", "next-hop resolution, underlay addresses"),
        ("Agent", "Core", "event loop"),
        ("Cni", "Api", "attach messages"),
        ("Cni", "Core", "addresses"),
        ("Ctl", "CalcGraph", "offline views from manifests"),
        ("Ctl", "Lab", "margay lab"),
        ("Ctl", "Policy", "offline verdicts"),
        ("Ctl", "Api", "resources, client"),
        ("Ctl", "Core", "addresses"),
    ];

    /// <summary>Between folders of one assembly: a folder may not use one to its right.</summary>
    private static readonly (string Assembly, string Folder, string MayNotUse, string Why)[] FolderOrder =
    [
        ("Bgp", "Wire", "Rib", "bytes know nothing of tables"),
        ("Bgp", "Wire", "Session", "bytes know nothing of sessions"),
        ("Bgp", "Wire", "Transport", "bytes know nothing of sockets"),
        ("Bgp", "Rib", "Session", "tables outlive sessions"),
        ("Bgp", "Rib", "Transport", "tables know nothing of sockets"),
        ("Bgp", "Rib", "Filter", "a table asks a filter, and knows no policy language"),
        ("Bgp", "Filter", "Session", "policy is of routes"),
        ("Bgp", "Rib", "Bmp", "tables are looked at, and do not look back"),
        ("Bgp", "Session", "Bmp", "sessions do not know who looks on"),
        ("Bgp", "Transport", "Session", "sockets carry bytes for whoever asks"),
        ("Bgp", "Transport", "Bfd", "sockets carry bytes for whoever asks"),
        ("Bgp", "Session", "Bfd", "a session is told that a way is dead, not how that was found"),
        ("Bgp", "Transport", "Discovery", "sockets carry bytes for whoever asks"),
        ("Bgp", "Discovery", "Session", "who is on the link is found out before there is a session"),
        ("Bgp", "Bfd", "Rib", "whether a way is alive has nothing to do with routes"),
        ("Netlink", "Constants", "Sockets", "constants use nothing"),
        ("Netlink", "Sockets", "Route", "framing knows no family"),
        ("Netlink", "Sockets", "NfTables", "framing knows no family"),
        ("Netlink", "Route", "NfTables", "families are siblings"),
        ("Netlink", "NfTables", "Route", "families are siblings"),
        ("Api", "Selectors", "Validation", "a selector is valid by its own grammar"),
        ("Api", "Validation", "NodeSync", "validation is of resources"),
        ("Api", "Validation", "Client", "the client is a user of the nouns"),
        ("Api", "Selectors", "Client", "the client is a user of the nouns"),
        ("Dataplane", "Kernel", "Drivers", "the seam knows no user"),
        ("Dataplane", "Kernel", "Managers", "the seam knows no user"),
        ("Dataplane", "Drivers", "Managers", "drivers reconcile what they are told"),
    ];

    [Fact]
    public void EveryReference_IsListedWithItsReason()
    {
        var allowed = Allowed.Select(a => (a.From, a.To)).ToHashSet();
        IEnumerable<string> strays = House.References.Where(r => !allowed.Contains(r)).Select(r => $"{r.From} → {r.To}");
        Assert.True(!strays.Any(), $"references without a reason in {nameof(LayerTests)}: {string.Join(", ", strays)}");
    }

    [Fact]
    public void EveryUsing_PointsDownward()
    {
        List<string> strays = [];
        foreach ((string assembly, string folder, string mayNotUse, string why) in FolderOrder)
        {
            Regex use = new($@"^\s*(global )?using (static )?Margay\.{assembly}\.{mayNotUse}\b", RegexOptions.Multiline);
            strays.AddRange(House.CSharpFiles($"src/{assembly}/{folder}").Where(f => use.IsMatch(House.Read(f))).Select(f => $"{f} uses {mayNotUse}: {why}"));
        }
        Assert.True(strays.Count == 0, string.Join('\n', strays));
    }

    [Fact]
    public void EverySourceFile_LivesInTheNamespaceOfItsFolder()
    {
        Regex declaration = new(@"^namespace ([\w.]+);", RegexOptions.Multiline);
        List<string> strays = [];
        foreach (string file in House.CSharpFiles("src"))
        {
            Match match = declaration.Match(House.Read(file));
            if (!match.Success) continue; // top-level statements, assembly attributes
            string[] folders = Path.GetDirectoryName(file)!.Split('/')[1..];
            string expected = string.Join('.', folders.Prepend("Margay"));
            if (match.Groups[1].Value != expected) strays.Add($"{file}: namespace {match.Groups[1].Value}, expected {expected}");
        }
        Assert.True(strays.Count == 0, string.Join('\n', strays));
    }
}
