using Margay.Interop.Agent;
using Margay.Interop.Netlink;

namespace Margay.Interop.Cni;

/// <summary>A real container runtime: podman with its CNI backend attaches two containers that reach each other.</summary>
public sealed class PodmanTests
{
    [Fact]
    public async Task TwoContainers_ReachEachOther()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/podman") && File.Exists("/bin/busybox"), "podman and busybox-static are not installed");
        await using AgentHost host = await AgentHost.StartAsync();
        Podman podman = new(host);
        try
        {
            podman.Run("run", "-d", "--name", "one", "--network", "margay", "localhost/bb:1", "/bin/sleep", "600");
            podman.Run("run", "-d", "--name", "two", "--network", "margay", "localhost/bb:1", "/bin/sleep", "600");
            Assert.Equal(2, (await host.ServerEndpointsAsync()).Count);
            string target = podman.Run("exec", "two", "/bin/ip", "-4", "-o", "addr", "show", "dev", "eth0").Split("inet ")[1].Split('/')[0];
            Assert.Contains("1 packets received", podman.Run("exec", "one", "/bin/ping", "-c1", "-W2", target), StringComparison.Ordinal);
            podman.Run("rm", "-f", "-t", "0", "one", "two");
            await Eventually.Async(async () => (await host.ServerEndpointsAsync()).Count == 0 && host.HostInterfaces().Count == 0, TimeSpan.FromSeconds(20));
        }
        finally
        {
            podman.Dispose();
        }
    }

    private sealed class Podman : IDisposable
    {
        private readonly AgentHost _host;
        private readonly string _folder;

        internal Podman(AgentHost host)
        {
            _host = host;
            _folder = Path.Combine(host.Folder, "podman");
            string root = Path.Combine(_folder, "rootfs");
            foreach (string directory in (string[])["bin", "etc", "proc", "sys", "dev", "tmp"]) Directory.CreateDirectory(Path.Combine(root, directory));
            File.Copy("/bin/busybox", Path.Combine(root, "bin", "busybox"));
            foreach (string applet in (string[])["sh", "ip", "ping", "sleep"]) File.CreateSymbolicLink(Path.Combine(root, "bin", applet), "busybox");
            File.WriteAllText(Path.Combine(root, "etc", "passwd"), "root:x:0:0:root:/root:/bin/sh\n");
            Tool.Run("tar", "-C", root, "-cf", Path.Combine(_folder, "bb.tar"), ".");
            Directory.CreateDirectory(Path.Combine(_folder, "net.d"));
            File.WriteAllText(Path.Combine(_folder, "net.d", "margay.conflist"),
                $$"""{"cniVersion":"0.4.0","name":"margay","plugins":[{"type":"margay-cni","agentSocket":"{{host.Socket}}","namespace":"default"}]}""");
            File.WriteAllText(Path.Combine(_folder, "containers.conf"), $"""
                [containers]
                default_ulimits = ["nofile=20000:20000","nproc=20000:20000"]
                [network]
                network_backend = "cni"
                cni_plugin_dirs = ["{Path.GetDirectoryName(host.CniProgram)}"]
                network_config_dir = "{Path.Combine(_folder, "net.d")}"
                [engine]
                cgroup_manager = "cgroupfs"
                events_logger = "file"
                runtime = "runc"
                """);
            Run("import", Path.Combine(_folder, "bb.tar"), "localhost/bb:1");
        }

        // nsenter and not "ip netns exec", which would hide the cgroups.
        internal string Run(params string[] arguments) => Tool.Run("nsenter",
        [
            $"--net=/run/netns/{_host.Name}", "env", $"CONTAINERS_CONF={Path.Combine(_folder, "containers.conf")}", "podman", "--root", Path.Combine(_folder, "root"),
            "--runroot", Path.Combine(_folder, "runroot"), "--tmpdir", Path.Combine(_folder, "tmp"), "--storage-driver", "overlay", .. arguments,
        ]);

        public void Dispose()
        {
            try
            {
                Run("rm", "-a", "-f", "-t", "0");
            }
            finally
            {
                Tool.Run("sh", "-c", $"umount {Path.Combine(_folder, "root", "overlay")} 2>/dev/null; true");
            }
        }
    }
}
