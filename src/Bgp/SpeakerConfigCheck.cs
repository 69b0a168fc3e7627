using System.Globalization;
using Margay.Bgp.Wire;

namespace Margay.Bgp;

/// <summary>All that is wrong with a configuration by itself, each fault with its field and what to do.</summary>
internal static class SpeakerConfigCheck
{
    internal static List<string> Check(SpeakerConfig config)
    {
        List<string> faults = [];
        if (config.LocalAs == 0) faults.Add("LocalAs: 0 is reserved (RFC 7607); give the AS number");
        if (config.RouterId.IsIPv6 || config.RouterId.IsUnspecified) faults.Add("RouterId: must be an IPv4 address other than 0.0.0.0");
        if (config.ClusterId is { IsIPv6: true }) faults.Add("ClusterId: must be in IPv4 notation");
        if (config.MaxPaths is < 1 or > 64) faults.Add("MaxPaths: must be 1 to 64");
        HashSet<string> names = [];
        Dictionary<(Core.Net.InetAddress?, string?), string> addresses = [];
        for (int i = 0; i < config.Peers.Length; i++)
        {
            PeerSpec peer = config.Peers[i];
            string at = string.Create(CultureInfo.InvariantCulture, $"Peers[{i}] '{peer.Name}'");
            if (peer.Name.Length == 0) faults.Add($"{at}.Name: must not be empty");
            else if (!names.Add(peer.Name)) faults.Add($"{at}.Name: used by another peer; names are unique");
            // A link-local address is unique on its link only.
            (Core.Net.InetAddress?, string?) where = (peer.RemoteAddress, peer.RemoteAddress is { IsIPv6: true, IsLinkLocal: true } || peer.IsUnnumbered ? peer.Interface : null);
            if (peer.ListenRange is null && where != default && !addresses.TryAdd(where, peer.Name))
                faults.Add($"{at}.{(peer.IsUnnumbered ? $"Interface: {peer.Interface} is also the interface" : $"RemoteAddress: {peer.RemoteAddress} is also the address")} of '{addresses[where]}'; remove one");
            CheckPeer(faults, at, peer);
        }
        for (int i = 0; i < config.BmpStations.Length; i++)
        {
            if (config.BmpStations[i].Port == 0) faults.Add(string.Create(CultureInfo.InvariantCulture, $"BmpStations[{i}].Port: must be 1 to 65535"));
            if (config.BmpStations.IndexOf(config.BmpStations[i]) != i) faults.Add(string.Create(CultureInfo.InvariantCulture, $"BmpStations[{i}]: is there twice; remove one"));
        }
        return faults;
    }

    private static void CheckBfd(List<string> faults, string at, BfdSpec bfd)
    {
        foreach ((string name, TimeSpan interval) in new[] { ("MinTx", bfd.MinTx), ("MinRx", bfd.MinRx) })
        {
            if (interval.TotalMilliseconds is < 10 or > 60_000) faults.Add($"{at}.Bfd.{name}: must be 10 ms to 60 s");
        }
        if (bfd.Multiplier is < 1 or > 255) faults.Add($"{at}.Bfd.Multiplier: must be 1 to 255");
    }

    private static void CheckPeer(List<string> faults, string at, PeerSpec peer)
    {
        if (peer.RemoteAddress is null == peer.ListenRange is null && !peer.IsUnnumbered) faults.Add($"{at}: give either RemoteAddress or ListenRange, or for an unnumbered peer Interface alone");
        if (peer.IsUnnumbered && peer.LocalAddress is not null) faults.Add($"{at}.LocalAddress: an unnumbered peer is spoken to from the link-local address of {peer.Interface}; remove it");
        if (peer.RemoteAddress is { IsIPv6: true, IsLinkLocal: true } && peer.Interface is null) faults.Add($"{at}.Interface: needed with a link-local address");
        if (peer.LocalAddress is { } local && peer.RemoteAddress is { } remote && local.IsIPv6 != remote.IsIPv6)
            faults.Add($"{at}.LocalAddress: {local} cannot reach {remote}; use an address of the same family");
        if (peer.Families == FamilySet.None) faults.Add($"{at}.Families: give at least one");
        if (peer.TtlSecurityHops > 0 && peer.Ttl is not null) faults.Add($"{at}.Ttl: contradicts TtlSecurityHops; give one of them");
        if (peer.Password is { } p && System.Text.Encoding.UTF8.GetByteCount(p) is 0 or > 80) faults.Add($"{at}.Password: must have 1 to 80 octets");
        double hold = peer.Timers.Hold.TotalSeconds;
        if (hold != 0 && hold is < 3 or > 65535) faults.Add($"{at}.Timers.Hold: must be 0, or 3 to 65535 s");
        if (peer.GracefulRestart.RestartTime.TotalSeconds is < 0 or > 4095) faults.Add($"{at}.GracefulRestart.RestartTime: must be 0 to 4095 s");
        if (peer.Bfd is { } bfd) CheckBfd(faults, at, bfd);
        if (peer.SelfIPv4 is { IsIPv6: true }) faults.Add($"{at}.SelfIPv4: is not IPv4");
        if (peer.SelfIPv6 is { IsIPv4: true }) faults.Add($"{at}.SelfIPv6: is not IPv6");
    }
}
