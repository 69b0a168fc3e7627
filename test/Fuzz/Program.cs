using System.Diagnostics;
using System.Globalization;

namespace Margay.Fuzz;

// usage: Margay.Fuzz [TARGET|all] [SECONDS] [SEED]   mutates the corpus for that long; prints the input that broke a decoder, and ends with 1
//        Margay.Fuzz --serve | --seeds FOLDER | --import FOUND CORPUS   the steps of test/Fuzz/coverage
internal static class Program
{
    private static int Main(string[] args)
    {
        switch (args)
        {
            case ["--serve"]:
                Coverage.Serve();
                return 0;
            case ["--seeds", string folder]:
                Coverage.WriteSeeds(folder);
                return 0;
            case ["--import", string found, string corpus]:
                Console.WriteLine($"{Coverage.Import(found, corpus)} new");
                return 0;
        }
        string name = args.ElementAtOrDefault(0) ?? "all";
        double seconds = double.Parse(args.ElementAtOrDefault(1) ?? "10", CultureInfo.InvariantCulture);
        int seed = int.Parse(args.ElementAtOrDefault(2) ?? "1", CultureInfo.InvariantCulture);
        bool clean = true;
        foreach (FuzzTarget target in name == "all" ? FuzzTarget.All : [FuzzTarget.Find(name)]) clean &= Run(target, TimeSpan.FromSeconds(seconds), seed);
        return clean ? 0 : 1;
    }

    private static bool Run(FuzzTarget target, TimeSpan time, int seed)
    {
        IReadOnlyList<byte[]> corpus = target.Corpus();
        Mutator mutator = new(seed);
        long start = Stopwatch.GetTimestamp(), runs = 0;
        List<byte[]> pool = [.. corpus, []];
        while (Stopwatch.GetElapsedTime(start) < time)
        {
            byte[] input = mutator.Mutate(pool[(int)(runs++ % pool.Count)]);
            try
            {
                target.Run(input);
            }
#pragma warning disable CA1031 // that is what is looked for
            catch (Exception e)
#pragma warning restore CA1031
            {
                Console.WriteLine($"{target.Name}: {Convert.ToHexStringLower(input)}\n{e}");
                return false;
            }
        }
        Console.WriteLine($"{target.Name}: {runs} inputs, none broke it");
        return true;
    }
}
