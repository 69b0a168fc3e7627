using System.Globalization;
using Margay.Bench.Dataplane;

if (args is ["referee", { } count, { } file])
{
    await RefereeHost.HoldAsync(int.Parse(count, CultureInfo.InvariantCulture), file);
    return;
}

if (args is ["scratch"])
{
    await using PassBench alone = new();
    await alone.FromScratchAsync();
    return;
}

await using (PassBench policies = new())
{
    await policies.FromScratchAsync();
    await policies.ChangesAsync();
}
await using (PassBench sets = new()) await sets.SetsAsync();
// Again, with all code and memory at hand: the first time is a fresh process.
for (int i = 0; i < 5; i++)
{
    await using PassBench again = new();
    await again.FromScratchAsync();
}
