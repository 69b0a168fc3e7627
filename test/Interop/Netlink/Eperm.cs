using System.Runtime.CompilerServices;
using Margay.Netlink.Route;

namespace Margay.Interop.Netlink;

/// <summary>The test program can be started by a test as a user without privileges; it then makes one request and prints the answer.</summary>
internal static class Eperm
{
#pragma warning disable CA2255 // must run before the test framework looks at the arguments
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void RunIfAsked()
    {
        if (Environment.GetCommandLineArgs() is not [_, "--netlink-eperm"]) return;
        using RouteSocket socket = RouteSocket.Open();
        Console.WriteLine(socket.CreateLink(new BridgeSpec { Name = "br0" }));
        Environment.Exit(0);
    }
}
