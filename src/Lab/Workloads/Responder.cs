using System.Net;
using System.Net.Sockets;
using System.Text;
using Margay.Lab.Topologies;

namespace Margay.Lab.Workloads;

/// <summary>
/// What a workload runs: says its name to whoever connects to a TCP or SCTP port or sends to a UDP port, so that a probe knows that it reached
/// the right one. Both families on one socket, but for SCTP, all of whose ports share a socket for each family.
/// </summary>
public static class Responder
{
    /// <summary>Answers until cancelled. <see cref="SocketException"/> when a port is taken; <see cref="System.ComponentModel.Win32Exception"/> when SCTP is asked for without root.</summary>
    public static async Task RunAsync(string name, IReadOnlyList<TransportPort> ports, CancellationToken cancel)
    {
        byte[] answer = Encoding.UTF8.GetBytes(name + "\n");
        List<Socket> sockets = [];
        try
        {
            List<Task> loops = [];
            foreach (TransportPort port in ports.Where(p => p.Transport != Transport.Sctp))
            {
                Socket socket = port.Transport == Transport.Tcp
                    ? new Socket(SocketType.Stream, ProtocolType.Tcp)
                    : new Socket(SocketType.Dgram, ProtocolType.Udp);
                sockets.Add(socket);
                socket.Bind(new IPEndPoint(IPAddress.IPv6Any, port.Number));
                if (port.Transport == Transport.Tcp) socket.Listen(128);
                loops.Add(port.Transport == Transport.Tcp ? AcceptAsync(socket, answer, cancel) : AnswerAsync(socket, answer, cancel));
            }
            HashSet<int> sctp = [.. ports.Where(p => p.Transport == Transport.Sctp).Select(p => p.Number)];
            foreach (bool v6 in sctp.Count > 0 ? (bool[])[false, true] : [])
            {
                Socket socket = SctpHandshake.Open(v6);
                sockets.Add(socket);
                loops.Add(AnswerSctpAsync(socket, v6, sctp, name, cancel));
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

    private static async Task AnswerSctpAsync(Socket socket, bool v6, HashSet<int> ports, string name, CancellationToken cancel)
    {
        byte[] buffer = new byte[2048];
        IPEndPoint anyone = new(v6 ? IPAddress.IPv6Any : IPAddress.Any, 0);
        while (true)
        {
            SocketReceiveFromResult received = await socket.ReceiveFromAsync(buffer, anyone, cancel).ConfigureAwait(false);
            if (SctpHandshake.Answer(buffer.AsSpan(0, received.ReceivedBytes), v6, ports, name) is not { } answer) continue;
            try
            {
                await socket.SendToAsync(answer, new IPEndPoint(((IPEndPoint)received.RemoteEndPoint).Address, 0), cancel).ConfigureAwait(false);
            }
            catch (SocketException)
            {
                // Nobody to be reached there any more.
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
