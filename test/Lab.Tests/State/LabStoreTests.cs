using Margay.Lab.State;
using Margay.Lab.Topologies;

namespace Margay.Lab.Tests.State;

public sealed class LabStoreTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("margay-lab-tests").FullName;

    private LabPaths Paths => new(_root, "t");

    private static LabState State => new() { Name = "t", Phase = LabPhase.Starting, Started = DateTimeOffset.UnixEpoch, Origin = "/t.yaml", Programs = "/bin" };

    [Fact]
    public void NoLab_IsNull() => Assert.Null(new LabStore(Paths).Read());

    [Fact]
    public void WhatIsAdded_IsReadBackByAnother()
    {
        LabStore store = new(Paths);
        store.Create(State);
        store.Add(new LabProcess("n", "bird", ["/usr/sbin/bird", "-f"], "/l", 42, 7));
        store.Add(new LabAttachment("a/w", "n", ["10.0.0.1/32"], 1.25));
        store.Enter(LabPhase.Up);
        LabState read = new LabStore(Paths).Read()!;
        Assert.Equal(LabPhase.Up, read.Phase);
        Assert.Equal(7ul, read.Processes.Single().Identity.StartTime);
        Assert.Equal(["/usr/sbin/bird", "-f"], read.Processes.Single().Command);
        Assert.Equal(["10.0.0.1/32"], read.Attachments.Single().Addresses);
        Assert.Empty(Directory.EnumerateFiles(Paths.Directory, "*.new"));
    }

    [Fact]
    public void Replace_TakesThePlaceOfTheSameProgram()
    {
        LabStore store = new(Paths);
        store.Create(State);
        store.Add(new LabProcess("n", "bird", [], "", 1, 1));
        store.Add(new LabProcess("m", "bird", [], "", 2, 2));
        store.Replace(new LabProcess("n", "bird", [], "", 3, 3));
        Assert.Equal([2, 3], new LabStore(Paths).Read()!.Processes.Select(p => p.Pid));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("{\"name\":\"t\"}")]
    public void UnreadableState_IsAnErrorWithARemedy(string content)
    {
        Directory.CreateDirectory(Paths.Directory);
        File.WriteAllText(Paths.StateFile, content);
        LabException e = Assert.Throws<LabException>(() => new LabStore(Paths).Read());
        Assert.Equal("margay lab down t", e.Remedy);
    }

    [Fact]
    public void NamespacesOfOneLab_AreNeverAnotherLabs()
    {
        string ours = new LabPaths(_root, "a").NamespacePrefix;
        Assert.False(new LabPaths(_root, "a-b").NamespaceOf("host").StartsWith(ours, StringComparison.Ordinal));
        Workload workload = new() { Name = "w", Namespace = "n", Host = "h", Labels = new Dictionary<string, string>(), Ports = [], Profiles = [] };
        Assert.StartsWith(ours, new LabPaths(_root, "a").NamespaceOf(workload), StringComparison.Ordinal);
    }

    [Fact]
    public void List_NamesTheLabsButNotTheirLocks()
    {
        new LabStore(Paths).Create(State);
        File.WriteAllText(Paths.LockFile, "");
        Assert.Equal(["t"], DataCentre.List(_root));
        Assert.Empty(DataCentre.List(Path.Combine(_root, "none")));
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);
}
