using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Margay.Netlink.Namespaces;
using Margay.Netlink.Sockets;

namespace Margay.Interop.Dataplane;

/// <summary>Sends Ethernet frames as they are, past the sender's own IP stack (packet(7)).</summary>
internal sealed class FrameSender : IDisposable
{
    private readonly Socket _socket;
    private readonly LinkEndPoint _link;

    internal FrameSender(NetworkNamespace space, int linkIndex)
    {
        const int packet = 17, raw = 3, closeOnExec = 0x80000;
        _socket = space.Run(() =>
        {
            int descriptor = NativeMethods.socket(packet, raw | closeOnExec, 0);
            if (descriptor < 0) throw new SocketException(Marshal.GetLastPInvokeError());
            return new Socket(new SafeSocketHandle(descriptor, ownsHandle: true));
        });
        _link = new LinkEndPoint(linkIndex);
    }

    internal void Send(ReadOnlySpan<byte> frame) => Assert.Equal(frame.Length, _socket.SendTo(frame, SocketFlags.None, _link));

    public void Dispose() => _socket.Dispose();

    /// <summary>sockaddr_ll (linux/if_packet.h), as far as sending needs it.</summary>
    private sealed class LinkEndPoint(int linkIndex) : EndPoint
    {
        private const int Size = 20, IndexAt = 4;

        public override AddressFamily AddressFamily => AddressFamily.Packet;

        public override SocketAddress Serialize()
        {
            SocketAddress address = new(AddressFamily.Packet, Size);
            BitConverter.TryWriteBytes(address.Buffer.Span[IndexAt..], linkIndex);
            return address;
        }
    }
}
