using Margay.Core.Net;

namespace Margay.Bgp.Vpn;

/// <summary>Says what keeps a VRF from using a path, whatever other paths there are.</summary>
/// <param name="kept">Ranges that no peer has a say in.</param>
/// <param name="macs">Of all paths.</param>
internal sealed class ImportRules(InetAddress ownVtep, MacAddress ownRouterMac, IpPrefix[] kept, RouterMacs macs)
{
    /// <summary>In words; null when nothing does.</summary>
    public string? WhyNot(ImportingVrf vrf, IpPrefix prefix, EvpnTerms terms)
    {
        if (terms.Refusal is not null) return terms.Refusal;
        if (terms.Vtep == ownVtep) return VrfImporter.OwnRoute;
        foreach (IpPrefix range in kept)
            if (range.Contains(prefix)) return $"{range} is this host's own in every network";
        if (terms.RouterMac == ownRouterMac) return $"its Router's MAC {terms.RouterMac} is that of this host: two hosts must not share one";
        if (terms.Vni != vrf.Vni) return $"its VNI is {terms.Vni}, that of the network {vrf.Vni}";
        return macs.OwnerOf(terms.RouterMac!.Value) is { } owner && owner != terms.Vtep ? $"its Router's MAC {terms.RouterMac} is also that of {owner}: two hosts must not share one" : null;
    }
}
