using System.Net;
using CsCheck;
using Margay.Core.Net;

namespace Margay.Core.Tests.Net;

public class InetAddressTests
{
    [Fact]
    public void Text_IsReadBack_AsTheFrameworkReadsIt() => Gen.UInt.Sample(value =>
    {
        InetAddress address = InetAddress.FromIPv4(value);
        string text = address.ToString();
        return InetAddress.TryParse(text, out InetAddress read) && read == address && read == InetAddress.From(IPAddress.Parse(text));
    });

    [Fact]
    public void WhatIsRead_IsWhatTheFrameworkReads_AndWritesTheSame() => Gen.Char["0123456789."].Array[0, 15].Sample(letters =>
    {
        string text = new(letters);
        bool isQuad = IPAddress.TryParse(text, out IPAddress? known) && known.ToString() == text;
        return InetAddress.TryParse(text, out InetAddress read) == isQuad && (!isQuad || read == InetAddress.From(known!));
    });

    [Theory]
    [InlineData("")]
    [InlineData("1")]
    [InlineData("1.2.3")]
    [InlineData("1.2.3.")]
    [InlineData(".1.2.3")]
    [InlineData("1..2.3")]
    [InlineData("1.2.3.4.5")]
    [InlineData("1.2.3.256")]
    [InlineData("01.2.3.4")]
    [InlineData("0x7f.0.0.1")]
    [InlineData("1.2.3.4 ")]
    [InlineData("[::1]")]
    [InlineData("fe80::1%eth0")]
    public void OtherWritings_AreRefused(string text) => Assert.False(InetAddress.TryParse(text, out _));
}
