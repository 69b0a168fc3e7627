using Margay.Bench.Server;

// usage: Margay.Bench.Server store            durable writes/s of the store alone
//        Margay.Bench.Server http SERVER-URL   the same over HTTP, watch fan-out to 200 watchers, commit to a node's stream
// The server is started by hand, on a disk of its own, so that what is measured is what runs in production.
switch (args)
{
    case ["store"]:
        foreach (int writers in (int[])[1, 8, 64, 256]) await StoreBench.RunAsync(writers, TimeSpan.FromSeconds(3));
        return 0;
    case ["http", var url]:
        using (HttpBench bench = new(new Uri(url)))
        {
            foreach (int writers in (int[])[1, 8, 64]) await bench.WritesAsync(writers, TimeSpan.FromSeconds(3));
            await bench.FanOutAsync(watchers: 200, changes: 200);
            await bench.NodeStreamAsync(changes: 300);
        }
        return 0;
    default:
        Console.Error.WriteLine("usage: Margay.Bench.Server store | http SERVER-URL");
        return 2;
}
