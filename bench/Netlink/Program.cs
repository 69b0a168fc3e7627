using System.Globalization;
using Margay.Netlink.Bench;

// 100 000 host routes into the kernel and out again: by the library, with and without nexthop objects, and by `ip -batch`.
// Each measurement has a namespace of its own, made here and removed here. Prints markdown.
//
//   dotnet run -c Release --project bench/Netlink [-- --rounds N] [--routes N] [--reference COMMAND]
//
// --reference names a program to measure beside: it is started inside the namespace as COMMAND add|del ROUTES DEVICE and must print
// the milliseconds it took as the last word of its output.

int rounds = Option("--rounds", 5);
int routes = Option("--routes", 100_000);
string? reference = Text("--reference");

if (!Environment.IsPrivilegedProcess)
{
    Console.Error.WriteLine("this makes network namespaces and routes: run it as root (or with sudo)");
    return 1;
}

List<Contender> contenders =
[
    new LibraryContender("Margay.Netlink, one link", routes, gateways: 1, objects: false),
    new LibraryContender("Margay.Netlink, 1000 nexthop objects", routes, gateways: 1000, objects: true),
    new LibraryContender("Margay.Netlink, 1000 gateways without objects", routes, gateways: 1000, objects: false),
    new IpBatchContender("`ip -batch`, one link", routes),
];
if (reference is not null) contenders.Add(new ProgramContender($"`{Path.GetFileName(reference.Split(' ')[0])}`", reference, routes));

// In turns, so that a busy minute hits all alike.
for (int round = 0; round < rounds; round++)
    foreach (Contender contender in contenders) contender.Round();

Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{routes} IPv4 host routes, median (min..max) of {rounds} rounds in turns, ms."));
Console.WriteLine();
Console.WriteLine("| method | add | delete | add, µs per route | process CPU for add | kernel memory, B per route | managed allocation, B per route |");
Console.WriteLine("|---|---|---|---|---|---|---|");
foreach (Contender contender in contenders) Console.WriteLine(contender.Row());
return 0;

int Option(string name, int fallback) => Text(name) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : fallback;

string? Text(string name)
{
    int at = Array.IndexOf(args, name);
    return at >= 0 && at + 1 < args.Length ? args[at + 1] : null;
}
