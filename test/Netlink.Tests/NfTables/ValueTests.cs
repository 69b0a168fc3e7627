using Margay.Core.Net;
using Margay.Netlink.NfTables;
using Margay.Netlink.NfTables.Expressions;

namespace Margay.Netlink.Tests.NfTables;

public class ValueTests
{
    [Fact]
    public void Values_StandAsTheKernelWantsThem()
    {
        Assert.Equal("0a000001", NftValue.From(InetAddress.Parse("10.0.0.1")).ToString());
        Assert.Equal("0050", NftValue.Port(80).ToString());
        Assert.Equal("05000000", NftValue.Mark(5).ToString());
        Assert.Equal("65746830000000000000000000000000", NftValue.IfName("eth0").ToString());
        Assert.Equal("0600000000500000", NftValue.Concat(NftValue.Byte(6), NftValue.Port(80)).ToString());
        Assert.Equal("746170", NftValue.IfNamePrefix("tap").ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("sixteen-bytes-xx")]
    public void IfName_TooLongOrEmpty_IsRefused(string name) => Assert.Throws<ArgumentException>(() => NftValue.IfName(name));

    [Fact]
    public void Equality_IsByContent()
    {
        Assert.Equal(NftValue.Port(1), NftValue.Port(1));
        Assert.Equal(NftValue.Port(1).GetHashCode(), NftValue.Port(1).GetHashCode());
        Assert.True(NftValue.Port(1) < NftValue.Port(256));
        Assert.True(new NftValue().IsEmpty);
    }

    [Fact]
    public void Concatenation_HasNftsNumberAndPaddedLength()
    {
        NftDataType type = NftDataType.Concat(NftDataType.IfName, NftDataType.Ipv4Addr, NftDataType.InetProto, NftDataType.InetService);
        Assert.Equal((0xa4730du, 28, "ifname . ipv4_addr . inet_proto . inet_service"), (type.Number, type.Length, type.Name));
        Assert.Equal(type, NftDataType.FromNumber(type.Number, type.Length));
        Assert.True(NftDataType.FromNumber(type.Number, type.Length).IsConcatenation);
        Assert.False(NftDataType.FromNumber(63, 4).IsConcatenation);
        Assert.Throws<ArgumentException>(() => NftDataType.Concat(NftDataType.Mark));
    }

    [Fact]
    public void Words_HaveTheNameTheKernelReports()
    {
        Assert.Equal(NftRegister.R1, NftRegisters.Word(0));
        Assert.Equal((NftRegister)9, NftRegisters.Word(1));
        Assert.Equal(NftRegister.R2, NftRegisters.Word(4));
        Assert.Throws<ArgumentOutOfRangeException>(() => NftRegisters.Word(16));
    }

    [Fact]
    public void Comment_TooLong_IsRefused()
    {
        using NfTablesBatch batch = new();
        Assert.Throws<ArgumentException>(() => batch.Add(new NftTable(NftFamily.Inet, "t") { Comment = new string('x', 128) }));
    }
}
