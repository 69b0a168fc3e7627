using System.Globalization;
using SharpFuzz;

namespace Margay.Fuzz;

/// <summary>
/// All targets as one for AFL: the first byte of an input names the target, the rest is what it reads. So one run covers them all, and AFL gives its time to where the
/// new paths are. <c>test/Fuzz/coverage</c> drives it.
/// </summary>
internal static class Coverage
{
    /// <summary>Serves afl-fuzz, which hands over one input after another. Ends when it does.</summary>
    internal static void Serve() => Fuzzer.Run(static stream =>
    {
        using MemoryStream whole = new();
        stream.CopyTo(whole);
        if (whole.Length > 0) TargetOf(whole.ToArray(), out byte[] input).Run(input);
    });

    /// <summary>The committed corpus as files of AFL.</summary>
    internal static void WriteSeeds(string folder)
    {
        Directory.CreateDirectory(folder);
        for (int t = 0; t < FuzzTarget.All.Count; t++)
        {
            int n = 0;
            foreach (byte[] input in FuzzTarget.All[t].Corpus())
                File.WriteAllBytes(Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{FuzzTarget.All[t].Name}-{n++}")), [(byte)t, .. input]);
        }
    }

    /// <summary>Inputs that AFL found (its minimised queue), as files of the committed corpus; what is there already is left alone. How many are new.</summary>
    internal static int Import(string found, string corpus)
    {
        int added = 0;
        foreach (string file in Directory.EnumerateFiles(found).Order(StringComparer.Ordinal))
        {
            byte[] bytes = File.ReadAllBytes(file);
            if (bytes.Length == 0) continue;
            FuzzTarget target = TargetOf(bytes, out byte[] input);
            if (target.Corpus().Any(c => c.AsSpan().SequenceEqual(input))) continue;
            string folder = Path.Combine(corpus, target.Name);
            Directory.CreateDirectory(folder);
            string hex = Convert.ToHexStringLower(input);
            File.WriteAllText(Path.Combine(folder, $"found-{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(input))[..12]}.hex"), hex + "\n");
            added++;
        }
        return added;
    }

    private static FuzzTarget TargetOf(byte[] bytes, out byte[] input)
    {
        input = bytes[1..];
        return FuzzTarget.All[bytes[0] % FuzzTarget.All.Count];
    }
}
