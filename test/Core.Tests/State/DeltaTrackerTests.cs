using CsCheck;
using Margay.Core.State;

namespace Margay.Core.Tests.State;

public class DeltaTrackerTests
{
    private enum Step { Want, Unwant, Have, Lose }

    [Fact]
    public void Pending_IsAlwaysTheDifference() =>
        Gen.Select(Gen.Enum<Step>(), Gen.Int[0, 5], Gen.Int[0, 2]).List[0, 40].Sample(steps =>
        {
            DeltaTracker<int, int> tracker = new();
            foreach ((Step step, int key, int value) in steps)
            {
                switch (step)
                {
                    case Step.Want: tracker.SetDesired(key, value); break;
                    case Step.Unwant: tracker.RemoveDesired(key); break;
                    case Step.Have: tracker.SetActual(key, value); break;
                    default: tracker.RemoveActual(key); break;
                }
            }
            IEnumerable<int> update = tracker.Desired.Where(d => !tracker.Actual.TryGetValue(d.Key, out int a) || a != d.Value).Select(d => d.Key);
            IEnumerable<int> delete = tracker.Actual.Keys.Where(k => !tracker.Desired.ContainsKey(k));
            Assert.Equal(update.Order(), tracker.ToUpdate.Order());
            Assert.Equal(delete.Order(), tracker.ToDelete.Order());
        });

    [Fact]
    public void ResyncActual_ForgetsWhatIsNotThere()
    {
        DeltaTracker<string, int> tracker = new();
        tracker.SetDesired("a", 1);
        tracker.SetActual("a", 1);
        tracker.SetActual("old", 1);
        tracker.ResyncActual([new("foreign", 9)]);
        Assert.Equal(["a"], tracker.ToUpdate);
        Assert.Equal(["foreign"], tracker.ToDelete);
        Assert.False(tracker.InSync);
    }
}
