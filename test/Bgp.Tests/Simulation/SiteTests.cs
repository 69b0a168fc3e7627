using System.Globalization;

namespace Margay.Bgp.Tests.Simulation;

/// <summary>
/// Sites in simulation, through announcements, withdrawals, moves, delay, jitter, lost segments, broken connections, cut links and dead reflectors, by a seed. What must hold
/// afterwards: <see cref="Scene.AssertRight"/>. <c>MARGAY_SIM_SEEDS=N</c> runs the small ones with N seeds instead of five.
/// </summary>
public class SiteTests
{
    public static TheoryData<int> Seeds =>
        [.. Enumerable.Range(1, int.Parse(Environment.GetEnvironmentVariable("MARGAY_SIM_SEEDS") ?? "5", CultureInfo.InvariantCulture))];

    /// <summary>Reflectors 1 to <paramref name="reflectors"/> in a full mesh, each with all clients. Every other client may connect and be connected to, so that connections collide.</summary>
    private static Scene Reflectors(int seed, int reflectors, int clients, PeerTimers? timers = null)
    {
        Scene scene = timers is null ? new Scene(seed) : new Scene(seed) { Timers = timers };
        for (int n = 1; n <= reflectors + clients; n++) scene.Add(n, 65000);
        for (int r = 1; r <= reflectors; r++)
        {
            for (int other = r + 1; other <= reflectors; other++) scene.Link(r, other);
            for (int c = reflectors + 1; c <= reflectors + clients; c++) scene.Link(r, c, p => p with { RouteReflectorClient = true, Passive = c % 2 == 0 });
        }
        scene.StartAll();
        return scene;
    }

    /// <summary>Leaves with a session to every spine, an AS each.</summary>
    private static Scene Fabric(int seed, int spines, int leaves, PeerTimers? timers = null)
    {
        Scene scene = timers is null ? new Scene(seed) : new Scene(seed) { Timers = timers };
        for (int n = 1; n <= spines + leaves; n++) scene.Add(n, 64512u + (uint)n);
        for (int s = 1; s <= spines; s++)
            for (int leaf = spines + 1; leaf <= spines + leaves; leaf++) scene.Link(s, leaf);
        scene.StartAll();
        return scene;
    }

    private static void Churn(Scene scene, int first, int last, int steps, int prefixes, Action<int>? at = null)
    {
        for (int i = 0; i < steps; i++)
        {
            string prefix = $"10.{1 + (scene.Random.Next(prefixes) >> 8)}.{scene.Random.Next(Math.Min(prefixes, 256))}.0/24";
            int n = first + scene.Random.Next(last - first + 1);
            switch (scene.Random.Next(12))
            {
                case < 7 when scene.Speakers.ContainsKey(n):
                    scene.Announce(n, prefix);
                    break;
                case 7 or 8:
                    scene.Withdraw(prefix);
                    break;
                case 9:
                    scene.Break(scene.AnyLink());
                    break;
                case 10:
                    (int, int) link = scene.AnyLink();
                    scene.Cut(link);
                    scene.Run(scene.Random.NextDouble() * 15);
                    scene.Restore(link);
                    break;
            }
            at?.Invoke(i);
            scene.Run(scene.Random.NextDouble() * 0.2);
        }
    }

    private static void Weather(Scene scene)
    {
        scene.Sim.Network.Delay = TimeSpan.FromMilliseconds(1 + scene.Random.Next(20));
        scene.Sim.Network.Jitter = TimeSpan.FromMilliseconds(scene.Random.Next(30));
        scene.Sim.Network.Loss = scene.Random.NextDouble() * 0.05;
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Reflectors_Churn_FlappingLinks_AndADeadReflector_LeaveTheRightTables(int seed)
    {
        Scene scene = Reflectors(seed, 2, 12);
        Weather(scene);
        Churn(scene, 3, 14, 150, 64, i =>
        {
            if (i == 60) scene.Kill(2);
            if (i == 75) scene.Start(2, restarting: true);
            if (i == 110) scene.Kill(1);
        });
        scene.AssertRight();
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Fabric_Churn_LinksThatStayCut_AndADeadSpine_LeaveTheRightTables(int seed)
    {
        Scene scene = Fabric(seed, 4, 10);
        Weather(scene);
        Churn(scene, 5, 14, 120, 64, i =>
        {
            if (i == 40) scene.Kill(2);
            if (i == 50) scene.Start(2, restarting: true);
            if (i == 80) scene.Kill(7);
            if (i == 90) scene.Kill(1);
        });
        for (int i = 0; i < 8; i++) scene.Cut(scene.AnyLink());
        scene.AssertRight(quiet: 240);
    }

    [Fact]
    public void SameSeed_SameRun_AnotherSeed_Another()
    {
        string Run(int seed)
        {
            Scene scene = Reflectors(seed, 2, 6);
            Weather(scene);
            Churn(scene, 3, 8, 60, 32, i =>
            {
                if (i == 20) scene.Kill(2);
                if (i == 30) scene.Start(2, restarting: true);
            });
            scene.AssertRight();
            return scene.Trace();
        }

        Assert.Equal(Run(7), Run(7));
        Assert.NotEqual(Run(7), Run(8));
    }

    private static readonly PeerTimers s_calm = new(TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(5), TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(5));

    [Fact]
    public void ThousandSpeakers_FourReflectors()
    {
        Scene scene = Reflectors(11, 4, 996, s_calm);
        scene.Run(15);
        for (int i = 0; i < 200; i++) scene.Announce(5 + (5 * i % 996), $"10.1.{i}.0/24");
        Weather(scene);
        Churn(scene, 5, 1000, 60, 256, i =>
        {
            if (i == 20) scene.Kill(2);
            if (i == 25) scene.Start(2, restarting: true);
            if (i == 40) scene.Kill(3);
        });
        scene.AssertRight(quiet: 120);
    }

    [Fact]
    public void ThreeHundredSpeakers_Fabric()
    {
        // An AS each: paths are hunted through all of them, which costs minutes.
        Assert.SkipUnless(Environment.GetEnvironmentVariable("MARGAY_SIM_LARGE") is not null, "set MARGAY_SIM_LARGE to run it");
        Scene scene = Fabric(13, 4, 296, s_calm);
        scene.Run(15);
        for (int i = 0; i < 60; i++) scene.Announce(5 + (4 * i), $"10.1.{i}.0/24");
        Weather(scene);
        Churn(scene, 5, 300, 30, 128, i =>
        {
            if (i == 10) scene.Kill(2);
            if (i == 15) scene.Start(2, restarting: true);
            if (i == 20) scene.Kill(3);
        });
        scene.AssertRight(quiet: 120);
    }
}
