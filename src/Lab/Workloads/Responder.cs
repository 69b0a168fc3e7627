using System.Net;
using System.Net.Sockets;
using System.Text;
using Margay.Lab.Topologies;

namespace Margay.Lab.Workloads;

/// <summary>
/// What a workload runs: says its name to whoever connects to a TCP port or sends to a UDP port, so that a probe knows that it reached
/// the right one. Both families on one socket.
/// </summary>
public static class Responder
{
    /// <summary>Answers until cancelled. <see cref="SocketException"/> when a port is taken.</summary>
    public static async Task RunAsync(string name, IReadOnlyList<TransportPort> ports, CancellationToken cancel)
    {
        byte[] answer = Encoding.UTF8.GetBytes(name + "\n");
        List<Socket> sockets = [];
        try
        {
            List<Task> loops = [];
            foreach (TransportPort port in ports)
            {
                Socket socket = port.Transport == Transport.Tcp
                    ? new Socket(SocketType.Stream, ProtocolType.Tcp)
                    : new Socket(SocketType.Dgram, ProtocolType.Udp);
                sockets.Add(socket);
                socket.Bind(new IPEndPoint(IPAddress.IPv6Any, port.Number));
                if (port.Transport == Transport.Tcp) socket.Listen(128);
                loops.Add(port.Transport == Transport.Tcp ? AcceptAsync(socket, answer, cancel) : AnswerAsync(socket, answer, cancel));
            }
            loops.Add(new TaskCompletionSource().Task.WaitAsync(cancel));
            await (await Task.WhenAny(loops).ConfigureAwait(false)).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // Asked to end.
        }
        finally
        {
            foreach (Socket socket in sockets) socket.Dispose();
        }
    }

    private static async Task AcceptAsync(Socket socket, byte[] answer, CancellationToken cancel)
    {
        while (true)
        {
            using Socket caller = await socket.AcceptAsync(cancel).ConfigureAwait(false);
            try
            {
                await caller.SendAsync(answer, cancel).ConfigureAwait(false);
                caller.Shutdown(SocketShutdown.Both);
            }
            catch (SocketException)
            {
                // The caller went away.
            }
        }
    }

    private static async Task AnswerAsync(Socket socket, byte[] answer, CancellationToken cancel)
    {
        byte[] buffer = new byte[64];
        IPEndPoint anyone = new(IPAddress.IPv6Any, 0);
        while (true)
        {
            try
            {
                SocketReceiveFromResult received = await socket.ReceiveFromAsync(buffer, anyone, cancel).ConfigureAwait(false);
                await socket.SendToAsync(answer, received.RemoteEndPoint, cancel).ConfigureAwait(false);
            }
            catch (SocketException)
            {
                // An earlier answer came back as undeliverable, or this datagram was longer than what is read.
            }
        }
    }
}
