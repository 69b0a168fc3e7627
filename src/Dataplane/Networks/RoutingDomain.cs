using Margay.Core.Net;
using Margay.Dataplane.Drivers;
using Margay.Dataplane.Kernel;

namespace Margay.Dataplane.Networks;

/// <summary>
/// One network on this host and the namespace that it has: the host's own for the default network, one made for it otherwise. All that the dataplane does, it does in a
/// routing domain.
/// </summary>
/// <param name="Tunnel">To other hosts; the default network has none, its packets travel as they are.</param>
/// <param name="Leg">To the host; the default network is the host.</param>
internal sealed record RoutingDomain(NetworkName Network, IKernel Kernel, Tunnel? Tunnel = null, Leg? Leg = null);
