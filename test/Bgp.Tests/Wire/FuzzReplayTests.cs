using Margay.Fuzz;

namespace Margay.Bgp.Tests.Wire;

/// <summary>The committed corpus and seeded mutations of it, as ordinary tests.</summary>
public class FuzzReplayTests
{
    public static TheoryData<string> Targets => [.. FuzzTarget.All.Where(t => t.Name.StartsWith("bgp-", StringComparison.Ordinal)).Select(t => t.Name)];

    [Theory]
    [MemberData(nameof(Targets))]
    public void Corpus_AndMutations_BreakNothing(string name)
    {
        FuzzTarget target = FuzzTarget.Find(name);
        IReadOnlyList<byte[]> corpus = target.Corpus();
        Assert.NotEmpty(corpus);
        foreach (byte[] input in corpus) target.Run(input);
        Mutator mutator = new(seed: 20_26);
        for (int i = 0; i < 3000; i++)
        {
            byte[] input = mutator.Mutate(corpus[i % corpus.Count]);
            try
            {
                target.Run(input);
            }
            catch (Exception e)
            {
                Assert.Fail($"{Convert.ToHexStringLower(input)}: {e}");
            }
        }
    }
}
