using CsCheck;
using Margay.Core.Net;
using Margay.Core.State;
using Margay.Dataplane.Drivers;
using Margay.Netlink.Route;

namespace Margay.Dataplane.Tests;

/// <summary>The tracker of routes does what the general one does.</summary>
public class RouteTrackerTests
{
    private static readonly IpPrefix[] s_prefixes = [.. Enumerable.Range(0, 4).Select(i => IpPrefix.Parse($"10.0.{i}.0/24"))];

    private sealed class Both
    {
        private readonly RouteTracker _tracker = new();
        private readonly DeltaTracker<IpPrefix, RouteTarget> _model = new();

        private static RouteTarget To(int value) => new(RouteType.Unicast, NexthopId: (uint)value);

        public void Do(int what, IpPrefix prefix, int value)
        {
            switch (what)
            {
                case 0:
                    _tracker.Want(prefix, To(value));
                    _model.SetDesired(prefix, To(value));
                    break;
                case 1:
                    _tracker.Unwant(prefix);
                    _model.RemoveDesired(prefix);
                    break;
                case 2:
                    _tracker.SetThere(prefix, To(value));
                    _model.SetActual(prefix, To(value));
                    break;
                case 3:
                    _tracker.SetGone(prefix);
                    _model.RemoveActual(prefix);
                    break;
                case 4:
                    _tracker.Resync([KeyValuePair.Create(prefix, To(value))]);
                    _model.ResyncActual([KeyValuePair.Create(prefix, To(value))]);
                    break;
                case 5:
                    // Taken, and every other one refused.
                    foreach ((int i, (IpPrefix taken, RouteTarget target)) in Sorted(_tracker.TakeUpdates()).Index())
                    {
                        Assert.Equal(_model.Desired[taken], target);
                        if ((i + value) % 2 == 0) _tracker.PutBack(taken);
                        else
                        {
                            _tracker.SetThere(taken, target);
                            _model.SetActual(taken, target);
                        }
                    }
                    break;
                default:
                    foreach ((IpPrefix taken, RouteTarget target) in Sorted(_tracker.TakeDeletes((p, _) => p == prefix)))
                    {
                        Assert.Equal((prefix, _model.Actual[taken]), (taken, target));
                        _tracker.SetGone(taken);
                        _model.RemoveActual(taken);
                    }
                    break;
            }
            Assert.Equal((_model.ToUpdate.Count, _model.ToDelete.Count), (_tracker.ToUpdate, _tracker.ToDelete));
        }

        public void Check()
        {
            Assert.Equal(_model.Desired.OrderBy(d => d.Key), _tracker.Wanted.OrderBy(w => w.Key));
            Assert.Equal(_model.ToDelete.Order(), _tracker.Unwanted.Order());
            foreach (IpPrefix prefix in s_prefixes)
            {
                Assert.Equal(_model.Actual.ContainsKey(prefix), _tracker.IsThere(prefix));
                Assert.Equal(_model.Desired.ContainsKey(prefix) && !_model.ToUpdate.Contains(prefix), _tracker.IsApplied(prefix));
            }
            Assert.Equal(_model.ToUpdate.Order(), _tracker.TakeUpdates().Select(u => u.Prefix).Order());
        }

        private static (IpPrefix Prefix, RouteTarget Target)[] Sorted(List<(IpPrefix Prefix, RouteTarget Target)> taken) => [.. taken.OrderBy(t => t.Prefix)];
    }

    [Fact]
    public void WhatDiffers_IsWhatDiffers() =>
        Gen.Select(Gen.Int[0, 6], Gen.Int[0, 3], Gen.Int[1, 2]).Array[0, 30].Sample(steps =>
        {
            Both both = new();
            foreach ((int what, int prefix, int value) in steps) both.Do(what, s_prefixes[prefix], value);
            both.Check();
        });
}
