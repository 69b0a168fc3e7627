using System.Diagnostics;
using Margay.Interop.Netlink;
using Margay.Netlink.Namespaces;

namespace Margay.Interop.Agent;

/// <summary>A router at the other end of the host's uplink, 192.0.2.1 in AS 65010, run by a real daemon. Ended and removed with the test.</summary>
internal sealed class FabricPeer : IDisposable
{
    internal const string Address = "192.0.2.1";

    private readonly string _name;
    private readonly string _folder;
    private readonly NetworkNamespace _namespace;
    private Process? _daemon;

    internal FabricPeer(AgentHost host)
    {
        _name = host.Name + "-tor";
        _folder = Directory.CreateTempSubdirectory("mgy-tor-").FullName;
        // FRR gives up root before it opens its files.
        Tool.Run("chmod", "777", _folder);
        _namespace = NetworkNamespace.Create(_name).Value;
        host.Ip($"link set up1 netns {_name}");
        foreach (string command in new[] { "link set lo up", "link set up1 up", $"addr add {Address}/24 dev up1" }) Tool.Run("ip", ["-n", _name, .. command.Split(' ')]);
    }

    internal void StartBird(string config)
    {
        string file = Write("bird.conf", $"log \"{Path.Combine(_folder, "bird.log")}\" all;\nrouter id {Address};\nprotocol device {{ scan time 10; }}\n{config}");
        Start("bird", "-f", "-c", file, "-s", Path.Combine(_folder, "bird.ctl"), "-P", Path.Combine(_folder, "bird.pid"));
    }

    internal string Birdc(string command) => Tool.Run("birdc", "-s", Path.Combine(_folder, "bird.ctl"), command);

    internal void StartFrr(string config)
    {
        string file = Write("bgpd.conf", $"frr defaults datacenter\nlog file {Path.Combine(_folder, "bgpd.log")}\n{config}");
        Start("/usr/lib/frr/bgpd", "-f", file, "-Z", "-S", "-P", "0", "--vty_socket", _folder, "-i", Path.Combine(_folder, "bgpd.pid"));
    }

    internal string Vtysh(string command) => Tool.Run("vtysh", "--vty_socket", _folder, "-d", "bgpd", "-c", command);

    public void Dispose()
    {
        if (_daemon is not null)
        {
            if (!_daemon.HasExited) _daemon.Kill();
            _daemon.WaitForExit();
            _daemon.Dispose();
        }
        NetworkNamespace.Delete(_name);
        _namespace.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private string Write(string name, string text)
    {
        string file = Path.Combine(_folder, name);
        File.WriteAllText(file, text);
        Tool.Run("chmod", "644", file);
        return file;
    }

    private void Start(string command, params string[] arguments)
    {
        ProcessStartInfo info = new("/bin/sh") { ArgumentList = { "-c", "log=$1; shift; exec \"$@\" >\"$log\" 2>&1", "sh", Path.Combine(_folder, "output"), command } };
        foreach (string argument in arguments) info.ArgumentList.Add(argument);
        _daemon = _namespace.Start(info);
    }
}
