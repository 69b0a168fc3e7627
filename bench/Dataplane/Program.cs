using System.Globalization;
using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.Bench.Dataplane;
using Margay.Core.Net;
using Margay.Dataplane;
using Margay.Dataplane.Kernel;
using Margay.Netlink.Namespaces;
using Microsoft.Extensions.Logging.Abstractions;

if (args is ["referee", { } count, { } file])
{
    await RefereeHost.HoldAsync(int.Parse(count, CultureInfo.InvariantCulture), file);
    return;
}

// 1,000 endpoints, each under 10 of 100 policies of 10 rules in both directions; the time is that of the loop's pass: plan, commit, bookkeeping.
const int Endpoints = 1000, Policies = 100, PerEndpoint = 10, RulesPerPolicy = 10;
using NetworkNamespace space = NetworkNamespace.CreateAnonymous();
using TablesOnlyKernel kernel = new(new NetlinkKernel(new DataplaneOptions(), space));
await using DataplaneLoop loop = new(new DataplaneOptions(), kernel, _ => { }, TimeProvider.System, NullLogger.Instance);
ViewDelta view = new()
{
    Epoch = "bench", Revision = 1, Snapshot = true,
    Policies = [.. Enumerable.Range(0, Policies).Select(p => Policy(p, 0))],
    Endpoints = [.. Enumerable.Range(0, Endpoints).Select(Endpoint)],
};
for (int i = 0; i < Endpoints; i++) await loop.PostAsync(new EndpointAttached(Local(i)));
await loop.PostAsync(new EndpointsRestored());
await loop.PostAsync(new ViewChanged(view));
loop.Start();
await ReportAsync("from scratch, 1,000 endpoints (the longest pass)", [await LongestAsync()]);

List<double> added = [], swapped = [];
for (int i = 0; i < 50; i++)
{
    await loop.PostAsync(new ViewChanged(new ViewDelta { Epoch = "bench", Revision = 2, Endpoints = [Endpoint(Endpoints + i)] }));
    await loop.PostAsync(new EndpointAttached(Local(Endpoints + i)));
    added.Add(await LastAsync());
    await loop.PostAsync(new ViewChanged(new ViewDelta { Epoch = "bench", Revision = 3, Policies = [Policy(5, i + 1)] }));
    swapped.Add(await LastAsync());
}
await ReportAsync("one endpoint more", added);
await ReportAsync("swap one policy", swapped);

async Task<double> LastAsync()
{
    DataplaneSnapshot first = await loop.InspectAsync();
    if (first.Pending.Count > 0) throw new InvalidOperationException(string.Join("; ", first.Pending));
    return first.Counters.LastPass.TotalMilliseconds;
}

async Task<double> LongestAsync() => (await loop.InspectAsync()).Counters.LongestPass.TotalMilliseconds;

static Task ReportAsync(string what, List<double> times)
{
    times.Sort();
    return Console.Out.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{what}: p50 {times[times.Count / 2]:F2} ms, max {times[^1]:F2} ms"));
}

static PolicyView Policy(int p, int generation) => new()
{
    Id = Name(p), Tier = "default", Ingress = Rules(p, generation), Egress = Rules(p, generation),
};

static RuleView[] Rules(int p, int generation) => [.. Enumerable.Range(0, RulesPerPolicy).Select(r => new RuleView
{
    Action = RuleAction.Allow, Index = r, Protocol = Protocol.Tcp,
    Source = new SideView { Nets = [$"10.{r}.{p}.0/24"] },
    Destination = new SideView { Ports = [new PortRange((ushort)(1000 + p * 10 + r + generation), (ushort)(1000 + p * 10 + r + generation))] },
})];

static string Name(int p) => string.Create(CultureInfo.InvariantCulture, $"GlobalNetworkPolicy/p{p}");
static string Interface(int i) => string.Create(CultureInfo.InvariantCulture, $"mg{i}");

static EndpointView Endpoint(int i)
{
    string[] names = [.. Enumerable.Range(0, PerEndpoint).Select(k => Name((i + k) % Policies))];
    return new EndpointView
    {
        Id = $"default/bench/{Interface(i)}", Revision = 1, Interface = Interface(i),
        Tiers = [new EndpointTier { Name = "default", IngressPolicies = names, EgressPolicies = names }],
    };
}

static LocalEndpoint Local(int i) => new()
{
    Id = $"default/bench/{Interface(i)}", Interface = Interface(i), Mac = new MacAddress((ulong)i),
    Addresses = [InetAddress.FromIPv4(0x0a410000u + (uint)i), InetAddress.FromIPv6(((UInt128)0xfd00_0065_0000_0000 << 64) + (UInt128)i)],
};
