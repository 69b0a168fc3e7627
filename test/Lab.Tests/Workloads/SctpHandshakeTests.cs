using System.Buffers.Binary;
using Margay.Lab.Workloads;

namespace Margay.Lab.Tests.Workloads;

public class SctpHandshakeTests
{
    private const ushort Source = 40000, Destination = 3868;
    private const uint Tag = 0x12345601;
    private static readonly HashSet<int> Ports = [Destination];

    [Fact]
    public void Init_IsAsTheStandardDrawsIt()
    {
        byte[] init = SctpHandshake.Init(Source, Destination, Tag);
        // Ports, verification tag 0, checksum; chunk INIT of 20 bytes; tag, window, streams, TSN.
        Assert.Equal("9C400F1C00000000", Convert.ToHexString(init[..8]));
        Assert.Equal("01000014" + "12345601" + "00010000" + "0001" + "0001" + "00000001", Convert.ToHexString(init[12..]));
    }

    /// <summary>The known value of CRC32c, and where it stands.</summary>
    [Fact]
    public void Checksum_IsCrc32c()
    {
        Assert.Equal(0xe3069283, SctpHandshake.Checksum("123456789"u8));
        byte[] init = SctpHandshake.Init(Source, Destination, Tag);
        uint stored = BinaryPrimitives.ReadUInt32LittleEndian(init.AsSpan(8));
        init.AsSpan(8, 4).Clear();
        Assert.Equal(SctpHandshake.Checksum(init), stored);
    }

    [Theory]
    [InlineData("a", false)]
    [InlineData("shop/web1", false)]
    [InlineData("shop/web1", true)]
    public void Answer_CarriesTheName(string name, bool v6)
    {
        byte[] answer = SctpHandshake.Answer(AsReceived(SctpHandshake.Init(Source, Destination, Tag), v6), v6, Ports, name)!;
        Assert.Equal(0, answer.Length % 4);
        Assert.Equal(name, SctpHandshake.ReadAnswer(AsReceived(answer, v6), v6, Source, Destination, Tag));
    }

    [Fact]
    public void OtherPacketsThanTheAnswer_AreNone()
    {
        byte[] init = SctpHandshake.Init(Source, Destination, Tag), answer = SctpHandshake.Answer(init, true, Ports, "x")!;
        Assert.Null(SctpHandshake.Answer(init, true, new HashSet<int> { 1 }, "x"));
        Assert.Null(SctpHandshake.Answer(answer, true, Ports, "x"));
        Assert.Null(SctpHandshake.ReadAnswer(init, true, Source, Destination, Tag));
        Assert.Null(SctpHandshake.ReadAnswer(answer, true, Source + 1, Destination, Tag));
        Assert.Null(SctpHandshake.ReadAnswer(answer, true, Source, Destination + 1, Tag));
        Assert.Null(SctpHandshake.ReadAnswer(answer, true, Source, Destination, Tag + 2));
    }

    [Fact]
    public void PacketsCutShort_AreNone()
    {
        byte[] init = SctpHandshake.Init(Source, Destination, Tag), answer = SctpHandshake.Answer(init, true, Ports, "name")!;
        foreach (bool v6 in (bool[])[true, false])
        {
            byte[] asked = AsReceived(init, v6), answered = AsReceived(answer, v6);
            for (int length = 0; length < asked.Length; length++) Assert.Null(SctpHandshake.Answer(asked.AsSpan(0, length), v6, Ports, "name"));
            for (int length = 0; length < answered.Length; length++) Assert.Null(SctpHandshake.ReadAnswer(answered.AsSpan(0, length), v6, Source, Destination, Tag));
        }
    }

    /// <summary>A raw socket of IPv4 gives the IP header too.</summary>
    private static byte[] AsReceived(byte[] message, bool v6) => v6 ? message : [0x45, .. new byte[19], .. message];
}
