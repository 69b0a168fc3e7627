using System.Globalization;
using Margay.Cni.Bench;

// CNI ADD and DEL as a runtime sees them: one process per call, one namespace per container, 100 one after the other, then 8 at a time. The reference
// plugins (ptp and bridge with host-local, Debian's containernetworking-plugins) run in the same host namespace by turns, so that ratios of one run hold.
// margay-cni runs against a real server and agent (out/bin), policy in place. Then the agent's own figures: steps of an attach, memory, start to ready.

int count = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 100;
using BenchHost host = new(count);
await host.StartAsync();

List<Contender> contenders =
[
    new("margay-cni", host.MargayPlugin, $$"""{"cniVersion":"1.0.0","name":"m","type":"margay-cni","agentSocket":"{{host.Socket}}"}"""),
    new("ptp", "/usr/lib/cni/ptp", $$$"""{"cniVersion":"1.0.0","name":"p","type":"ptp","ipam":{"type":"host-local","subnet":"10.88.0.0/16","dataDir":"{{{host.Folder}}}/ptp"}}"""),
    new("bridge", "/usr/lib/cni/bridge", $$$"""{"cniVersion":"1.0.0","name":"b","type":"bridge","bridge":"cni0","ipam":{"type":"host-local","subnet":"10.89.0.0/16","dataDir":"{{{host.Folder}}}/bridge"}}"""),
];

long idle = host.AgentMemory;
Console.WriteLine($"| {count} containers | ADD p50 / p99 ms | DEL p50 / p99 ms | CPU per ADD / DEL ms (plugin; margay: +agent +server) | 8 parallel: wall per ADD / DEL ms (p99) |");
Console.WriteLine("|---|---|---|---|---|");
foreach (Contender contender in contenders.Where(c => File.Exists(c.Program)))
{
    host.Call(contender, "ADD", 0);
    host.Call(contender, "DEL", 0);
    Sample add = host.Sequential(contender, "ADD"), delete = host.Sequential(contender, "DEL");
    Sample addParallel = host.Parallel(contender, "ADD", 8);
    if (contender.Name == "margay-cni") host.NoteLoadedMemory();
    Sample deleteParallel = host.Parallel(contender, "DEL", 8);
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
        $"| {contender.Name} | {add.P50:0.0} / {add.P99:0.0} | {delete.P50:0.0} / {delete.P99:0.0} | {add.Cpu:0.0} / {delete.Cpu:0.0} | {addParallel.Wall:0.0} / {deleteParallel.Wall:0.0} ({addParallel.P99:0} / {deleteParallel.P99:0}) |"));
}
Console.WriteLine();
Console.WriteLine($"agent: start to ready {host.StartToReady}; memory idle {idle / 1024} KiB, with {count} endpoints {host.LoadedMemory / 1024} KiB");
Console.WriteLine("steps of an attach, mean ms: " + string.Join(", ", host.Steps()));
