using System.Runtime.CompilerServices;
using CsCheck;
using Margay.CalcGraph.Nodes;

namespace Margay.CalcGraph.Tests.Nodes;

public sealed class NumberTableTests
{
    [Fact]
    public void Empty_HasNothing()
    {
        NumberTable table = new();
        Assert.True(Unsafe.IsNullRef(ref table.Find(0)));
        table.Remove(0);
        table.TrimExcess();
        Assert.Empty(table.Entries);
    }

    [Fact]
    public void AnyHistory_IsLikeADictionary() =>
        Gen.Select(Gen.Int[0, 3], Gen.Int[0, 60]).Array[0, 300].Sample(steps =>
        {
            NumberTable table = new();
            Dictionary<int, int> model = [];
            foreach ((int step, int number) in steps)
            {
                switch (step)
                {
                    case 0 or 1:
                        table.GetOrAdd(number, out bool existed)++;
                        Assert.Equal(model.ContainsKey(number), existed);
                        model[number] = model.GetValueOrDefault(number) + 1;
                        break;
                    case 2:
                        table.Remove(number);
                        model.Remove(number);
                        break;
                    default:
                        table.TrimExcess();
                        break;
                }
                Assert.Equal(model.Count, table.Count);
            }
            foreach ((int number, int count) in model) Assert.Equal(count, table.Find(number));
            Assert.Equal(model.OrderBy(m => m.Key).Select(m => (m.Key, m.Value)), table.Entries.Order());
        });

    [Fact]
    public void Nodes_ComeAndGo()
    {
        NodeSet nodes = default;
        foreach (int node in (int[])[4, 7, 1]) nodes.Add(node);
        nodes.Remove(4);
        nodes.Remove(4);
        Assert.Equal([1, 7], nodes.Numbers.ToArray().Order());
        nodes.Remove(7);
        nodes.Remove(1);
        Assert.Equal(0, nodes.Count);
    }

    [Fact]
    public void Number_IsGivenAgain_OnceReturned()
    {
        Numbering<string> numbers = new();
        Assert.Equal((0, 1), (numbers.Add("a"), numbers.Add("b")));
        numbers.Return(0);
        Assert.Equal(0, numbers.Add("c"));
        Assert.Equal(("c", "b"), (numbers[0], numbers[1]));
    }
}
