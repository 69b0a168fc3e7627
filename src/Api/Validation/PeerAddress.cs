using System.Globalization;
using Margay.Core.Net;

namespace Margay.Api.Validation;

/// <summary>The address of a BGP peer with its port, as <c>BGPPeer.spec.peerIP</c> writes it.</summary>
public readonly record struct PeerAddress(InetAddress Address, int Port)
{
    /// <summary>192.0.2.1, 192.0.2.1:1790, 2001:db8::1 or [2001:db8::1]:1790; the port is 179 when not given.</summary>
    public static bool TryParse(string text, out PeerAddress result)
    {
        if (InetAddress.TryParse(text, out InetAddress address))
        {
            result = new PeerAddress(address, Defaults.BgpPort);
            return true;
        }

        result = default;
        int colon = text.LastIndexOf(':');
        if (colon <= 0) return false;
        ReadOnlySpan<char> host = text.AsSpan(0, colon);
        bool bracketed = host is ['[', .., ']'];
        if (bracketed) host = host[1..^1];
        if (!InetAddress.TryParse(host, null, out address) || address.IsIPv6 != bracketed) return false;
        if (!int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int port) || port is < 1 or > 65535) return false;
        result = new PeerAddress(address, port);
        return true;
    }
}
