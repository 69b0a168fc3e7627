using Margay.Core.Net;

namespace Margay.Bgp.Vpn;

/// <summary>
/// Which tunnel end each Router's MAC leads to. Where two claim one, frames to it could go to one of them only: it is that of routes that are believed fully (<see cref="TrustedTargets.MostLocalPref"/>), then the lower
/// address's, whoever came first, and the other's routes are not used.
/// </summary>
internal sealed class RouterMacs
{
    private readonly Dictionary<MacAddress, SortedDictionary<(bool Doubtful, InetAddress Vtep), int>> _claims = [];

    public InetAddress? OwnerOf(MacAddress mac) => _claims.TryGetValue(mac, out SortedDictionary<(bool Doubtful, InetAddress Vtep), int>? claims) ? claims.First().Key.Vtep : null;

    /// <summary>True when the owner is another now and others are concerned.</summary>
    public bool Add(EvpnPath path)
    {
        if (path.RouterMac is not { } mac || path.Refusal is not null) return false;
        if (!_claims.TryGetValue(mac, out SortedDictionary<(bool Doubtful, InetAddress Vtep), int>? claims)) _claims[mac] = claims = [];
        InetAddress? before = claims.Count == 0 ? null : claims.First().Key.Vtep;
        claims[ClaimOf(path)] = claims.GetValueOrDefault(ClaimOf(path)) + 1;
        return before is not null && before != claims.First().Key.Vtep;
    }

    /// <inheritdoc cref="Add"/>
    public bool Remove(EvpnPath path)
    {
        if (path.RouterMac is not { } mac || path.Refusal is not null) return false;
        SortedDictionary<(bool Doubtful, InetAddress Vtep), int> claims = _claims[mac];
        InetAddress before = claims.First().Key.Vtep;
        if (--claims[ClaimOf(path)] == 0) claims.Remove(ClaimOf(path));
        if (claims.Count == 0) _claims.Remove(mac);
        return claims.Count > 0 && before != claims.First().Key.Vtep;
    }

    private static (bool Doubtful, InetAddress Vtep) ClaimOf(EvpnPath path) => (path.LocalPref <= TrustedTargets.MostLocalPref, path.Vtep);
}
