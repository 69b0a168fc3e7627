using CsCheck;
using Margay.Agent.Attach;

namespace Margay.Agent.Tests.Attach;

/// <summary>Any history of requests, faults, deaths and server failures, in any order, ends consistent once the faults end.</summary>
public class AttachPropertyTests
{
    [Fact]
    public void AnyHistory_NeitherLosesNorDoublesAnAddress_NorLeavesHalfAnInterface() =>
        Gen.Int.Sample(seed => Play(new Random(seed), steps: 200), iter: 60);

    private static void Play(Random random, int steps)
    {
        using SimulatedHost host = new(v6: random.Next(2) == 0, blocks: random.Next(1, 6));
        List<Ticket> tickets = [];
        host.Connect();
        for (int i = 0; i < steps; i++)
        {
            string container = $"c{random.Next(12)}";
            switch (random.Next(20))
            {
                case < 5:
                    tickets.Add(host.Attach(container));
                    break;
                case < 8:
                    tickets.Add(host.Detach(container));
                    break;
                case < 17 when host.Steps.Count > 0:
                    host.Run(host.Steps[random.Next(host.Steps.Count)], fail: random.Next(6) == 0);
                    break;
                case 17:
                    host.Wait(TimeSpan.FromMilliseconds(random.Next(1, 3000)));
                    break;
                case 18:
                    if (host.ServerIsUp) host.Disconnect();
                    else
                    {
                        host.ServerIsUp = true;
                        host.Connect();
                    }
                    break;
                case 19 when random.Next(3) == 0:
                    tickets.Clear();
                    host.Crash(() => random.Next(2) == 0);
                    if (host.ServerIsUp) host.Connect();
                    break;
                default:
                    break;
            }
        }

        host.ServerIsUp = true;
        host.Connect();
        host.RunAll();
        host.Wait(TimeSpan.FromSeconds(90));
        host.RunAll();
        host.AssertConsistent();
        Assert.All(tickets, t => Assert.True(t.IsAnswered));

        // And it still works.
        for (int i = 0; i < 12; i++) host.Detach($"c{i}");
        host.RunAll();
        host.AssertConsistent();
        Assert.Empty(host.Links);
        Assert.Empty(host.Addresses.Allocator.Addresses);
    }
}
