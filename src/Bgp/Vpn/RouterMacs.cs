using Margay.Core.Net;

namespace Margay.Bgp.Vpn;

/// <summary>
/// Which tunnel end each Router's MAC leads to. Where two claim one, frames to it could go to one of them only: it is that of routes that are believed fully (<see cref="TrustedTargets.MostLocalPref"/>), then the lower
/// address's, whoever came first, and the other's routes are not used.
/// </summary>
internal sealed class RouterMacs
{
    private readonly Dictionary<MacAddress, Claims> _claims = [];

    private sealed class Claims
    {
        public SortedDictionary<(bool Doubtful, InetAddress Vtep), int> By { get; } = [];
        public InetAddress Owner { get; set; }
    }

    public InetAddress? OwnerOf(MacAddress mac) => _claims.TryGetValue(mac, out Claims? claims) ? claims.Owner : null;

    /// <summary>True when the owner is another now and others are concerned.</summary>
    public bool Add(EvpnTerms terms)
    {
        if (terms.RouterMac is not { } mac || terms.Refusal is not null) return false;
        bool isFirst = !_claims.TryGetValue(mac, out Claims? claims);
        if (claims is null) _claims[mac] = claims = new Claims();
        claims.By[ClaimOf(terms)] = claims.By.GetValueOrDefault(ClaimOf(terms)) + 1;
        return TakeOwner(claims) && !isFirst;
    }

    /// <inheritdoc cref="Add"/>
    public bool Remove(EvpnTerms terms)
    {
        if (terms.RouterMac is not { } mac || terms.Refusal is not null) return false;
        Claims claims = _claims[mac];
        if (--claims.By[ClaimOf(terms)] == 0) claims.By.Remove(ClaimOf(terms));
        if (claims.By.Count > 0) return TakeOwner(claims);
        _claims.Remove(mac);
        return false;
    }

    private static (bool Doubtful, InetAddress Vtep) ClaimOf(EvpnTerms terms) => (terms.LocalPref <= TrustedTargets.MostLocalPref, terms.Vtep);

    private static bool TakeOwner(Claims claims)
    {
        InetAddress before = claims.Owner;
        claims.Owner = claims.By.First().Key.Vtep;
        return claims.Owner != before;
    }
}
