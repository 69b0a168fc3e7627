using Margay.Lab.Building;

namespace Margay.Lab.Tests;

public class ProgramsTests
{
    [Fact]
    public void MissingPrograms_AreNamedWithTheRemedy()
    {
        IReadOnlyList<string> missing = new Programs("/nowhere").Missing(Examples.Read("demo"));
        foreach (string program in (string[])["margay", "margay-server", "margay-agent", "margay-cni"])
            Assert.Contains(missing, m => m.StartsWith($"{program} is not in /nowhere", StringComparison.Ordinal) && m.Contains("make build", StringComparison.Ordinal));
    }

    [Fact]
    public void LabWithoutServer_NeedsNoneOfOurs() =>
        Assert.DoesNotContain(new Programs("/nowhere").Missing(Examples.Read("fabric")), m => m.Contains("/nowhere", StringComparison.Ordinal));

    [Fact]
    public void NodeManifest_HasLabelsNumberAndAddressesOfEveryHost()
    {
        using var json = System.Text.Json.JsonDocument.Parse(NodeManifests.Render(Examples.Read("demo")));
        var items = json.RootElement.GetProperty("items");
        Assert.Equal(4, items.GetArrayLength());
        var host3 = items[2];
        Assert.Equal("host3", host3.GetProperty("metadata").GetProperty("name").GetString());
        Assert.Equal("rack2", host3.GetProperty("metadata").GetProperty("labels").GetProperty("rack").GetString());
        var bgp = host3.GetProperty("spec").GetProperty("bgp");
        Assert.Equal(65103, bgp.GetProperty("asNumber").GetInt32());
        Assert.Equal("10.2.0.13/24", bgp.GetProperty("ipv4Address").GetString());
        Assert.Equal("fd00:10:2::13/64", bgp.GetProperty("ipv6Address").GetString());
    }
}
