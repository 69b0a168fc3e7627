using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.InteropServices;
using Margay.Bgp;
using Margay.Bgp.Wire;
using Margay.Core.Net;

// The speaker as a route reflector (or eBGP router), set up from the environment by the convention of the BGP bench: DUT_LISTEN, DUT_PORT, DUT_ASN,
// DUT_ROUTER_ID, DUT_MODE (rr|ebgp), DUT_FAMILIES, DUT_CLIENTS ("address/asn …"), DUT_HOLD, DUT_ADDPATH. Prints "PID n"; ends on SIGTERM.

string Get(string name, string otherwise) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } v ? v : otherwise;

bool reflect = Get("DUT_MODE", "rr") == "rr";
InetAddress listen = InetAddress.Parse(Get("DUT_LISTEN", "127.0.0.1"));
FamilySet families = FamilySet.None;
foreach (string f in Get("DUT_FAMILIES", "ipv4").Split(' ', StringSplitOptions.RemoveEmptyEntries))
{
    families |= f switch
    {
        "ipv4" => FamilySet.IPv4Unicast,
        "ipv6" => FamilySet.IPv6Unicast,
        "evpn" => FamilySet.Evpn,
        _ => throw new ArgumentException($"DUT_FAMILIES: unknown family '{f}'"),
    };
}

PeerTimers timers = PeerTimers.Default with { Hold = TimeSpan.FromSeconds(int.Parse(Get("DUT_HOLD", "240"), CultureInfo.InvariantCulture)) };
ImmutableArray<PeerSpec>.Builder peers = ImmutableArray.CreateBuilder<PeerSpec>();
foreach (string client in Get("DUT_CLIENTS", "").Split(' ', StringSplitOptions.RemoveEmptyEntries))
{
    string[] parts = client.Split('/');
    peers.Add(new PeerSpec
    {
        Name = parts[0],
        RemoteAddress = InetAddress.Parse(parts[0]),
        RemoteAs = uint.Parse(parts[1], CultureInfo.InvariantCulture),
        Passive = true,
        RouteReflectorClient = reflect,
        Families = families,
        Timers = timers,
        SelfIPv6 = InetAddress.Parse("fd00::1"),
        AddPath = Get("DUT_ADDPATH", "0") == "1" ? AddPathMode.Send : AddPathMode.None,
    });
}

await using Speaker speaker = new(new SpeakerOptions());
speaker.Start();
ImmutableArray<string> faults = await speaker.ApplyAsync(new SpeakerConfig
{
    LocalAs = uint.Parse(Get("DUT_ASN", "65000"), CultureInfo.InvariantCulture),
    RouterId = InetAddress.Parse(Get("DUT_ROUTER_ID", "10.0.0.1")),
    Listen = [new ListenEndpoint(listen, ushort.Parse(Get("DUT_PORT", "179"), CultureInfo.InvariantCulture))],
    Peers = peers.ToImmutable(),
});
foreach (string fault in faults) Console.Error.WriteLine(fault);
if (faults.Length > 0) return 1;
Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"PID {Environment.ProcessId}"));

TaskCompletionSource stop = new();
using PosixSignalRegistration term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, c =>
{
    c.Cancel = true;
    stop.TrySetResult();
});
await stop.Task;
return 0;
