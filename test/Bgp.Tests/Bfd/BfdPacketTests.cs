using CsCheck;
using Margay.Bgp.Bfd;

namespace Margay.Bgp.Tests.Bfd;

/// <summary>The control packet of RFC 5880 §4.1: bytes both ways, and what is refused.</summary>
public class BfdPacketTests
{
    // As bfdd of FRR sends it after the session came up: Up, Poll, 3 × 300 ms.
    private const string Up = "20e00318" + "0a0b0c0d" + "01020304" + "000493e0" + "000493e0" + "0000c350";

    [Fact]
    public void Golden_BothWays()
    {
        byte[] bytes = Convert.FromHexString(Up);
        Assert.Equal(BfdFault.None, BfdPacket.TryRead(bytes, out BfdPacket p));
        Assert.Equal(new BfdPacket
        {
            State = BfdState.Up,
            Poll = true,
            DetectMultiplier = 3,
            MyDiscriminator = 0x0a0b0c0d,
            YourDiscriminator = 0x01020304,
            DesiredMinTx = 300_000,
            RequiredMinRx = 300_000,
            RequiredMinEchoRx = 50_000,
        }, p);
        byte[] again = new byte[BfdPacket.Length];
        p.Write(again);
        Assert.Equal(bytes, again);
    }

    [Theory]
    [InlineData("40e00318" + "0a0b0c0d" + "01020304" + "000493e0000493e000000000", nameof(BfdFault.Version))]
    [InlineData("20e00317" + "0a0b0c0d" + "01020304" + "000493e0000493e000000000", nameof(BfdFault.Length))]
    [InlineData("20e00319" + "0a0b0c0d" + "01020304" + "000493e0000493e000000000", nameof(BfdFault.Length))]
    [InlineData("20e00318" + "0a0b0c0d" + "01020304" + "000493e0000493e0000000", nameof(BfdFault.Length))]
    [InlineData("20e003", nameof(BfdFault.Length))]
    [InlineData("", nameof(BfdFault.Version))]
    [InlineData("20e00018" + "0a0b0c0d" + "01020304" + "000493e0000493e000000000", nameof(BfdFault.Multiplier))]
    [InlineData("20e10318" + "0a0b0c0d" + "01020304" + "000493e0000493e000000000", nameof(BfdFault.Multipoint))]
    [InlineData("20e00318" + "00000000" + "01020304" + "000493e0000493e000000000", nameof(BfdFault.MyDiscriminator))]
    [InlineData("20e00318" + "0a0b0c0d" + "00000000" + "000493e0000493e000000000", nameof(BfdFault.YourDiscriminator))]
    [InlineData("20a00318" + "0a0b0c0d" + "00000000" + "000493e0000493e000000000", nameof(BfdFault.YourDiscriminator))]
    [InlineData("20e4031a" + "0a0b0c0d" + "01020304" + "000493e0000493e0000000000102", nameof(BfdFault.Authentication))]
    [InlineData("20400318" + "0a0b0c0d" + "00000000" + "000493e0000493e000000000", nameof(BfdFault.None))]
    [InlineData("20000318" + "0a0b0c0d" + "00000000" + "000493e0000493e000000000", nameof(BfdFault.None))]
    // Octets after the packet are not ours to judge.
    [InlineData("20400318" + "0a0b0c0d" + "00000000" + "000493e0000493e000000000" + "ffff", nameof(BfdFault.None))]
    public void WhatIsTaken(string hex, string outcome) =>
        Assert.Equal(outcome, BfdPacket.TryRead(Convert.FromHexString(hex), out _).ToString());

    [Fact]
    public void RoundTrip() => Gen.Select(Gen.Int[0, 31], Gen.Int[0, 3], Gen.Bool.Array[4], Gen.Int[1, 255], Gen.UInt[1, uint.MaxValue].Array[5]).Sample((diagnostic, state, flags, multiplier, numbers) =>
    {
        BfdPacket p = new()
        {
            Diagnostic = (BfdDiagnostic)diagnostic,
            State = (BfdState)state,
            Poll = flags[0],
            Final = flags[1],
            ControlPlaneIndependent = flags[2],
            Demand = flags[3],
            DetectMultiplier = (byte)multiplier,
            MyDiscriminator = numbers[0],
            YourDiscriminator = numbers[1],
            DesiredMinTx = numbers[2],
            RequiredMinRx = numbers[3],
            RequiredMinEchoRx = numbers[4],
        };
        byte[] bytes = new byte[BfdPacket.Length];
        p.Write(bytes);
        return BfdPacket.TryRead(bytes, out BfdPacket read) == BfdFault.None && read == p;
    });
}
