using Margay.Agent.Sync;
using Margay.Api.NodeSync;

namespace Margay.Agent.Tests.Sync;

public class HeldViewTests
{
    private static readonly ViewDelta s_first = new()
    {
        Epoch = "e",
        Revision = 1,
        Snapshot = true,
        Settings = new NodeSettings { Node = "n", AsNumber = 64512 },
        Pools = [new PoolView { Name = "p", Cidr = "10.0.0.0/16" }],
        IpSets = [new IpSetView { Id = "s", Members = ["10.0.0.1/32", "10.0.0.2/32"] }],
        Endpoints = [new EndpointView { Id = "default/default/a", Revision = 1, Interface = "mga" }],
    };

    [Fact]
    public void Deltas_AddUp()
    {
        HeldView view = HeldView.Empty.Apply(s_first).Apply(new ViewDelta
        {
            Epoch = "e",
            Revision = 2,
            IpSetChanges = [new IpSetChange { Id = "s", Added = ["10.0.0.3/32"], Removed = ["10.0.0.1/32"] }],
            Blocks = [new BlockView { Cidr = "10.0.0.0/26", Pool = "p" }],
            RemovedEndpoints = ["default/default/a"],
        });
        Assert.Equal(2, view.Revision);
        Assert.Equal(["10.0.0.2/32", "10.0.0.3/32"], view.IpSets.Find("s")!.Members);
        Assert.Equal((1, 1, 0), (view.Pools.Count, view.Blocks.Count, view.Endpoints.Count));
        Assert.Equal(64512u, view.Settings!.AsNumber);
    }

    [Fact]
    public void ASnapshot_ReplacesEverything()
    {
        HeldView view = HeldView.Empty.Apply(s_first).Apply(new ViewDelta { Epoch = "f", Revision = 1, Snapshot = true });
        Assert.Equal(("f", 0, 0), (view.Epoch, view.Pools.Count, view.Endpoints.Count));
        Assert.Null(view.Settings);
    }

    [Fact]
    public void Log_GivesTheSameViewAgain_WhereverItIsCutOff()
    {
        using TemporaryFolder folder = new();
        string path = folder.File("view.log");
        List<string> states = [];
        List<long> sizes = [];
        using (ViewLog log = ViewLog.Open(path, out _))
        {
            log.Apply(s_first);
            Note(log);
            for (int i = 2; i < 8; i++)
            {
                log.Apply(new ViewDelta { Epoch = "e", Revision = i, Endpoints = [new EndpointView { Id = $"default/default/{i}", Revision = i, Interface = $"mg{i}" }] });
                Note(log);
            }
        }
        byte[] whole = File.ReadAllBytes(path);
        for (int length = (int)sizes[0]; length <= whole.Length; length += 7)
        {
            File.WriteAllBytes(path, whole[..length]);
            using ViewLog again = ViewLog.Open(path, out string? damage);
            int expected = sizes.FindLastIndex(s => s <= length);
            Assert.Equal(states[expected], Text(again.View));
            Assert.Equal(sizes[expected] != length, damage is not null);
        }

        void Note(ViewLog log)
        {
            states.Add(Text(log.View));
            sizes.Add(new FileInfo(path).Length);
        }
    }

    [Fact]
    public void LogWithoutASnapshotAtItsHead_IsTreatedAsAbsent()
    {
        using TemporaryFolder folder = new();
        string path = folder.File("view.log");
        using (ViewLog log = ViewLog.Open(path, out _)) log.Apply(s_first with { Snapshot = false });
        using ViewLog again = ViewLog.Open(path, out string? damage);
        Assert.True(again.View.IsEmpty);
        Assert.NotNull(damage);
    }

    private static string Text(HeldView view) => System.Text.Json.JsonSerializer.Serialize(view.ToSnapshot(), Api.Resources.ApiJsonContext.Default.ViewDelta);
}
