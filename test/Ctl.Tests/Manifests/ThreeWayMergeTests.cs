using System.Text.Json.Nodes;
using Margay.Ctl.Manifests;

namespace Margay.Ctl.Tests.Manifests;

public class ThreeWayMergeTests
{
    [Theory]
    [InlineData(null, """{"a":1}""", """{"a":1,"b":2}""", null)]
    [InlineData(null, """{"a":2}""", """{"a":1}""", """{"a":2}""")]
    [InlineData("""{"a":1,"b":2}""", """{"a":1}""", """{"a":1,"b":2,"c":3}""", """{"b":null}""")]
    [InlineData("""{"b":2}""", """{}""", """{"c":3}""", null)]
    [InlineData("""{"s":{"x":1,"y":2}}""", """{"s":{"x":1}}""", """{"s":{"x":1,"y":2,"z":3}}""", """{"s":{"y":null}}""")]
    [InlineData("""{"s":{"x":1,"y":2}}""", """{}""", """{"s":{"x":1,"y":2}}""", """{"s":null}""")]
    [InlineData("""{"s":{"x":1,"y":2}}""", """{}""", """{"s":{"x":1,"y":2,"z":3}}""", """{"s":{"x":null,"y":null}}""")]
    [InlineData(null, """{"l":[1,2]}""", """{"l":[1]}""", """{"l":[1,2]}""")]
    [InlineData(null, """{"s":{"x":1}}""", """{}""", """{"s":{"x":1}}""")]
    [InlineData(null, """{"s":5}""", """{"s":{"x":1}}""", """{"s":5}""")]
    [InlineData(null, """{"n":1.0}""", """{"n":1}""", null)]
    public void Plan_ChangesOnlyWhatTheManifestSays(string? lastApplied, string manifest, string current, string? patch) =>
        Assert.Equal(patch, ThreeWayMerge.Plan(Parse(lastApplied), Parse(manifest)!, Parse(current)!)?.ToJsonString());

    [Fact]
    public void Clean_DropsWhatIsTheServers() => Assert.Equal(
        """{"metadata":{"name":"x","resourceVersion":"5"},"spec":{"a":1}}""",
        ThreeWayMerge.Clean(Parse(
            """{"metadata":{"name":"x","resourceVersion":"5","uid":"u","generation":2,"creationTimestamp":null,"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{}"}},"spec":{"a":1,"b":null},"status":{}}""")!).ToJsonString());

    [Fact]
    public void LastApplied_OddNotes_AreIgnored()
    {
        Assert.Null(ThreeWayMerge.LastAppliedOf(Parse("""{"metadata":{}}""")!));
        Assert.Null(ThreeWayMerge.LastAppliedOf(Parse("""{"metadata":{"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"nonsense"}}}""")!));
        Assert.Equal("""{"a":1}""", ThreeWayMerge.LastAppliedOf(ThreeWayMerge.WithNote([], Parse("""{"a":1}""")!))!.ToJsonString());
    }

    private static JsonObject? Parse(string? json) => json is null ? null : JsonNode.Parse(json)!.AsObject();
}
