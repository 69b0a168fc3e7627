using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Margay.Api.Client;
using Margay.Netlink.Namespaces;

namespace Margay.Cni.Bench;

/// <summary>A host namespace with server and agent, and as many workload namespaces as are measured. All of it goes at the end.</summary>
internal sealed class BenchHost : IDisposable
{
    private static readonly TimeProvider s_time = TimeProvider.System;

    private readonly string _name = $"mgy-cnibench-{Environment.ProcessId}";
    private readonly int _count;
    private readonly NetworkNamespace _host;
    private readonly string _programs = FindPrograms();
    private readonly List<Process> _processes = [];

    public BenchHost(int count)
    {
        _count = count;
        _host = NetworkNamespace.Create(_name).Value;
        for (int i = 0; i < count; i++) NetworkNamespace.Create($"{_name}-{i}").Value.Dispose();
        foreach (string command in (string[])["link set lo up", "link add up0 type veth peer name up1", "addr add 192.0.2.10/24 dev up0", "link set up0 up", "link set up1 up", "route add default via 192.0.2.1"])
            Run("ip", $"-n {_name} {command}");
    }

    public string Folder { get; } = Directory.CreateTempSubdirectory("mgy-cnibench-").FullName;
    public string Socket => Path.Combine(Folder, "agent.sock");
    public string MargayPlugin => Path.Combine(_programs, "margay-cni");
    public long LoadedMemory { get; private set; }
    public string StartToReady { get; private set; } = "";

    public long AgentMemory => Resident(_processes[1].Id);

    public async Task StartAsync()
    {
        Start("margay-server", "--data-dir", Path.Combine(Folder, "data"));
        while (await PostAsync("/apis/projectcalico.org/v3/ippools", """{"apiVersion":"projectcalico.org/v3","kind":"IPPool","metadata":{"name":"p"},"spec":{"cidr":"10.65.0.0/16","blockSize":24}}""") != 201) await PauseAsync();
        await PostAsync("/apis/projectcalico.org/v3/globalnetworkpolicies", """{"apiVersion":"projectcalico.org/v3","kind":"GlobalNetworkPolicy","metadata":{"name":"web"},"spec":{"types":["Ingress","Egress"],"ingress":[{"action":"Allow","protocol":"TCP","destination":{"ports":[80]}}],"egress":[{"action":"Allow"}]}}""");
        Start("margay-agent", "--node", "n1", "--state-dir", Path.Combine(Folder, "state"), "--socket", Socket, "--ip6", "none");
        while (Status("compared with server") != "yes") await PauseAsync();
        while (new AgentClient(Socket).Query("ipam").Query?.Rows?.Count is null or 0) await PauseAsync();
        StartToReady = Regex.Match(File.ReadAllText(Path.Combine(Folder, "margay-agent.log")), "ready after ([0-9.]+ ms)").Groups[1].Value;
    }

    public void NoteLoadedMemory() => LoadedMemory = AgentMemory;

    public Sample Sequential(Contender contender, string command)
    {
        double cpu = Cpu();
        long start = s_time.GetTimestamp();
        List<double> times = [.. Enumerable.Range(0, _count).Select(i => Call(contender, command, i))];
        return Sample.Of(times, s_time.GetElapsedTime(start).TotalMilliseconds, Cpu() - cpu);
    }

    public Sample Parallel(Contender contender, string command, int width)
    {
        double cpu = Cpu();
        long start = s_time.GetTimestamp();
        double[] times = new double[_count];
        int next = -1;
        Thread[] threads = [.. Enumerable.Range(0, width).Select(_ => new Thread(() =>
        {
            for (int i; (i = Interlocked.Increment(ref next)) < _count;) times[i] = Call(contender, command, i);
        }))];
        foreach (Thread thread in threads) thread.Start();
        foreach (Thread thread in threads) thread.Join();
        return Sample.Of(times, s_time.GetElapsedTime(start).TotalMilliseconds, Cpu() - cpu);
    }

    /// <summary>One call, from before the process is made until it has ended.</summary>
    public double Call(Contender contender, string command, int container)
    {
        // The plugins of the reference make the host's end where they run.
        ProcessStartInfo info = new(contender.Program) { RedirectStandardInput = true, RedirectStandardOutput = true };
        info.Environment.Clear();
        info.Environment["CNI_COMMAND"] = command;
        info.Environment["CNI_CONTAINERID"] = $"c{container}";
        info.Environment["CNI_NETNS"] = $"{NetworkNamespace.Directory}/{_name}-{container}";
        info.Environment["CNI_IFNAME"] = "eth0";
        info.Environment["CNI_PATH"] = "/usr/lib/cni";
        long start = s_time.GetTimestamp();
        using Process process = _host.Start(info);
        process.StandardInput.Write(contender.Config);
        process.StandardInput.Close();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        double took = s_time.GetElapsedTime(start).TotalMilliseconds;
        return process.ExitCode == 0 ? took : throw new InvalidOperationException($"{contender.Name} {command}: {output}");
    }

    public IEnumerable<string> Steps()
    {
        string text = new AgentClient(Socket).Query("metrics").Query?.Text ?? "";
        Dictionary<string, double> sums = Values(text, "sum"), counts = Values(text, "count");
        return sums.Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Key} {1000 * s.Value / counts[s.Key]:0.00}"));
    }

    private static Dictionary<string, double> Values(string text, string kind) =>
        Regex.Matches(text, $"attach_seconds_{kind}{{step=\"(\\w+)\"}} ([0-9.eE+-]+)").ToDictionary(m => m.Groups[1].Value, m => double.Parse(m.Groups[2].Value, CultureInfo.InvariantCulture));

    private string Status(string name) => new AgentClient(Socket).Query("status").Query?.Rows?.FirstOrDefault(r => r[0] == name)?[1] ?? "";

    /// <summary>CPU of ended children, and of server and agent, in milliseconds (proc(5): ticks of 10 ms).</summary>
    private double Cpu() => 10 * (Fields(Environment.ProcessId)[13..15].Sum() + _processes.Sum(p => Fields(p.Id)[11..13].Sum()));

    private static long[] Fields(int pid)
    {
        string stat = File.ReadAllText($"/proc/{pid}/stat");
        return [.. stat[(stat.LastIndexOf(')') + 4)..].Split(' ').Prepend("0").Select(f => long.TryParse(f, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long n) ? n : 0)];
    }

    private static long Resident(int pid) => 1024 * long.Parse(Regex.Match(File.ReadAllText($"/proc/{pid}/status"), @"VmRSS:\s+(\d+)").Groups[1].Value, CultureInfo.InvariantCulture);

    private static Task PauseAsync() => Task.Delay(TimeSpan.FromMilliseconds(50), s_time);

    private void Start(string program, params string[] arguments)
    {
        ProcessStartInfo info = new("/bin/sh") { ArgumentList = { "-c", "log=$1; shift; exec \"$@\" >\"$log\" 2>&1", "sh", Path.Combine(Folder, $"{program}.log"), Path.Combine(_programs, program) } };
        foreach (string argument in arguments) info.ArgumentList.Add(argument);
        _processes.Add(_host.Start(info));
    }

    private async Task<int> PostAsync(string path, string body)
    {
        try
        {
            using Socket socket = _host.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
            await socket.ConnectAsync("127.0.0.1", 7443);
            await socket.SendAsync(Encoding.UTF8.GetBytes($"POST {path} HTTP/1.0\r\nHost: s\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n{body}"));
            byte[] answer = new byte[32];
            int n = await socket.ReceiveAsync(answer);
            return n > 12 ? int.Parse(Encoding.ASCII.GetString(answer, 9, 3), CultureInfo.InvariantCulture) : 0;
        }
        catch (SocketException)
        {
            return 0;
        }
    }

    private static void Run(string program, string arguments)
    {
        using Process process = Process.Start(program, arguments);
        process.WaitForExit();
    }

    private static string FindPrograms()
    {
        for (DirectoryInfo? d = new(AppContext.BaseDirectory); d is not null; d = d.Parent)
            if (File.Exists(Path.Combine(d.FullName, "Margay.slnx"))) return Path.Combine(d.FullName, "out", "bin");
        return "/usr/local/bin";
    }

    public void Dispose()
    {
        foreach (Process process in _processes)
        {
            process.Kill();
            process.WaitForExit();
            process.Dispose();
        }
        for (int i = 0; i < _count; i++) NetworkNamespace.Delete($"{_name}-{i}");
        NetworkNamespace.Delete(_name);
        _host.Dispose();
        Directory.Delete(Folder, recursive: true);
    }
}
