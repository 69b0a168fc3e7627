using Margay.Core.Net;
using Margay.Netlink.Route;

namespace Margay.Interop.Netlink;

public class AddressTests
{
    public static TheoryData<string, Func<int, InterfaceAddress>> Addresses => new()
    {
        { "addr add 192.0.2.1/24 dev v0", i => Address(i, "192.0.2.1", 24) },
        { "addr add 169.254.1.1/32 dev v0 scope link", i => Address(i, "169.254.1.1", 32) with { Scope = RouteScope.Link } },
        { "addr add 192.0.2.1/24 broadcast 192.0.2.255 dev v0 label v0:1 noprefixroute", i => Address(i, "192.0.2.1", 24) with { Broadcast = InetAddress.Parse("192.0.2.255"), Label = "v0:1", Flags = AddressFlags.NoPrefixRoute } },
        { "addr add 192.0.2.1 peer 192.0.2.9/32 dev v0", i => Address(i, "192.0.2.1", 32) with { Peer = InetAddress.Parse("192.0.2.9") } },
        { "addr add 192.0.2.1/24 metric 50 dev v0", i => Address(i, "192.0.2.1", 24) with { RoutePriority = 50 } },
        { "addr add 2001:db8::1/64 dev v0 nodad", i => Address(i, "2001:db8::1", 64) with { Flags = AddressFlags.NoDad } },
        { "addr add 2001:db8::1/128 dev v0 nodad noprefixroute", i => Address(i, "2001:db8::1", 128) with { Flags = AddressFlags.NoDad | AddressFlags.NoPrefixRoute } },
    };

    [Theory]
    [MemberData(nameof(Addresses))]
    public void Address_IsTheSameAsIps_AndReadsBackAsItWasAdded(string command, Func<int, InterfaceAddress> make) => Twin.AssertSame(
        s =>
        {
            Pair(s);
            s.Ip(command);
        },
        s =>
        {
            int index = Pair(s);
            InterfaceAddress address = make(index);
            s.Route.AddAddress(address).ThrowIfFailed();
            Assert.True(s.Route.AddAddress(address).Exists);
            s.Route.AddAddress(address, replace: true).ThrowIfFailed();
            InterfaceAddress read = Assert.Single(s.Route.ListAddresses(index).Value);
            Assert.Equal(address, read with { Flags = read.Flags & ~AddressFlags.Permanent, Label = address.Label });
        },
        s => s.IpJson("addr show dev v0"),
        "address", "inet6_addr_gen_mode", "link");

    [Fact]
    public void Delete_TakesOneAddress()
    {
        using Sandbox s = new();
        int index = Pair(s);
        s.Ip("addr add 192.0.2.1/24 dev v0");
        s.Ip("addr add 198.51.100.1/24 dev v0");
        s.Route.DeleteAddress(Address(index, "192.0.2.1", 24)).ThrowIfFailed();
        Assert.Equal(["198.51.100.1/24"], s.Route.ListAddresses(index).Value.Select(a => $"{a.Local}/{a.PrefixLength}"));
    }

    // Down, so that no link-local address comes by itself.
    private static int Pair(Sandbox s)
    {
        s.Ip("link add v0 type veth peer name v1");
        return s.Route.GetLink("v0").Value.Index;
    }

    private static InterfaceAddress Address(int link, string address, int length) => InterfaceAddress.On(link, InetAddress.Parse(address), length);
}
