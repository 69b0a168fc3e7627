using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Margay.Netlink.Namespaces;

namespace Margay.Interop.Agent;

/// <summary>One HTTP request to the server, from within a namespace: HttpClient opens its sockets on threads that are elsewhere.</summary>
internal static class ServerRequest
{
    /// <summary>Status 0 when there was no answer; the body then says why.</summary>
    internal static async Task<(int Status, string Body)> SendAsync(NetworkNamespace from, string address, string method, string path, string? body)
    {
        try
        {
            using Socket socket = from.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
            await socket.ConnectAsync(address, 7443);
            await using NetworkStream stream = new(socket);
            byte[] content = Encoding.UTF8.GetBytes(body ?? "");
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"{method} {path} HTTP/1.0\r\nHost: s\r\nContent-Type: {(method == "PATCH" ? "application/merge-patch+json" : "application/json")}\r\nContent-Length: {content.Length}\r\n\r\n"));
            await stream.WriteAsync(content);
            using StreamReader reader = new(stream);
            string answer = await reader.ReadToEndAsync();
            int end = answer.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            return (int.Parse(answer.Split(' ')[1], CultureInfo.InvariantCulture), answer[(end + 4)..]);
        }
        catch (Exception e) when (e is SocketException or IOException or IndexOutOfRangeException)
        {
            return (0, e.Message);
        }
    }
}
