using Margay.Dataplane.Drops;
using Margay.Dataplane.Kernel.Filter;

namespace Margay.Dataplane.Managers;

/// <summary>
/// What a drop is made of: a rule that logs, as long as its rate lasts, and one that counts and drops. They are two, since a limit that is reached ends its rule; and none of them
/// jumps to a chain for all, since a jump makes the kernel check the whole table at each commit.
/// </summary>
/// <param name="log">Null: nothing is logged.</param>
internal sealed class DropRules(DropLogOptions? log)
{
    private static readonly FilterStatement Count = new FilterCounter();

    /// <param name="label">For the rules' comments.</param>
    /// <param name="site">For the log.</param>
    /// <param name="when">What a packet must be like.</param>
    public IEnumerable<FilterRule> Drop(string label, DropSite site, params FilterStatement[] when)
    {
        if (log is not null) yield return new FilterRule(label, [.. when, new FilterLimit(log.Rate, log.Burst), new FilterLog(log.Group, site.ToPrefix())]);
        yield return new FilterRule(label, [.. when, Count, FilterVerdict.Drop]);
    }
}
