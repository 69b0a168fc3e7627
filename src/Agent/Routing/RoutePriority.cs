namespace Margay.Agent.Routing;

/// <summary>
/// Priorities of routes as Calico has them (a metric: the lower the better, 1024 is normal) travel within the AS as LOCAL_PREF, where the higher wins. Calico's nodes do the
/// same, so that both can share a cluster.
/// </summary>
internal static class RoutePriority
{
    public const int Normal = 1024;

    public static uint ToLocalPref(int priority) => (uint)(int.MaxValue - priority);
}
