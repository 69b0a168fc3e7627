using System.Diagnostics;
using Margay.Netlink.Namespaces;
using Margay.Netlink.Route;
using Margay.Netlink.Sockets;

namespace Margay.Interop.Netlink;

public class NamespaceTests
{
    [Fact]
    public void Create_IsSeenByIp_AndDeleteByUs()
    {
        using Sandbox s = new();
        Assert.Contains(s.Name, Tool.Run("ip", "netns", "list"), StringComparison.Ordinal);
        Assert.Contains(s.Name, NetworkNamespace.ListNamed());
        Assert.Equal(Errno.EEXIST, NetworkNamespace.Create(s.Name).Error);
        Assert.Equal(NetworkNamespace.OpenNamed(s.Name).Inode, s.Namespace.Inode);
        string extra = s.Name + "b";
        Tool.Run("ip", "netns", "add", extra);
        using (NetworkNamespace opened = NetworkNamespace.OpenNamed(extra)) Assert.NotEqual(opened.Inode, s.Namespace.Inode);
        NetworkNamespace.Delete(extra).ThrowIfFailed();
        Assert.DoesNotContain(extra, Tool.Run("ip", "netns", "list"), StringComparison.Ordinal);
        Assert.True(NetworkNamespace.Delete(extra).IsNotFound);
    }

    [Fact]
    public void Open_WhatIsNoNamespace_IsRefused()
    {
        Assert.Equal(Errno.ENOENT, NetworkNamespace.TryOpenNamed("mgy-netlink-nosuch").Error);
        Assert.Equal(Errno.EINVAL, NetworkNamespace.TryOpen("/proc/self/status").Error);
        Assert.Equal(Errno.EINVAL, NetworkNamespace.TryOpen("/proc/self/ns/mnt").Error);
        Assert.Throws<NetlinkException>(() => NetworkNamespace.Open("/nosuch"));
        Assert.Throws<ArgumentException>(() => NetworkNamespace.OpenNamed("../etc/passwd"));
    }

    [Fact]
    public void Run_LeavesTheCallersThreadWhereItWas()
    {
        using Sandbox s = new();
        using NetworkNamespace before = NetworkNamespace.OpenCurrent();
        ulong inside = s.Namespace.Run(() =>
        {
            using NetworkNamespace current = NetworkNamespace.OpenCurrent();
            return current.Inode;
        });
        Assert.Equal(s.Namespace.Inode, inside);
        Assert.Throws<InvalidOperationException>(() => s.Namespace.Run(() => throw new InvalidOperationException("carried over")));
        using NetworkNamespace after = NetworkNamespace.OpenCurrent();
        Assert.Equal(before.Inode, after.Inode);
        Assert.NotEqual(inside, after.Inode);
    }

    [Fact]
    public void Visit_BringsTheThreadHome_WhateverHappens()
    {
        using Sandbox s = new();
        int thread = Environment.CurrentManagedThreadId;
        ulong outside = Here();
        Assert.Equal((s.Namespace.Inode, thread), s.Namespace.Visit(() => (Here(), Environment.CurrentManagedThreadId)));
        Assert.Equal(outside, Here());
        Assert.Throws<InvalidOperationException>(() => s.Namespace.Visit<int>(() => throw new InvalidOperationException("on the way")));
        Assert.Equal(outside, Here());
        using NetworkNamespace made = NetworkNamespace.CreateAnonymous();
        Assert.Equal(outside, Here());
        Assert.Equal(made.Inode, s.Namespace.Visit(() => made.Visit(Here)));
        Assert.Equal(outside, Here());
    }

    [Fact]
    public async Task Visits_OfManyThreads_DoNotMeet()
    {
        using Sandbox one = new(), two = new();
        ulong outside = Here();
        await Parallel.ForAsync(0, 500, TestContext.Current.CancellationToken, (i, _) =>
        {
            NetworkNamespace space = i % 2 == 0 ? one.Namespace : two.Namespace;
            Assert.Equal(space.Inode, space.Visit(Here));
            Assert.Equal(outside, Here());
            return ValueTask.CompletedTask;
        });
    }

    private static ulong Here()
    {
        using NetworkNamespace current = NetworkNamespace.OpenCurrent();
        return current.Inode;
    }

    [Fact]
    public void Anonymous_LivesAsLongAsItsHandle_AndCanBeNamed()
    {
        Tool.RequireRoot();
        string name = $"mgy-netlink-{Guid.NewGuid().ToString("N")[..8]}";
        using NetworkNamespace space = NetworkNamespace.CreateAnonymous();
        using (RouteSocket socket = RouteSocket.OpenIn(space)) Assert.Equal(["lo"], socket.ListLinks().Value.Select(l => l.Name));
        try
        {
            space.Bind(name).ThrowIfFailed();
            using NetworkNamespace named = NetworkNamespace.OpenNamed(name);
            Assert.Equal(space.Inode, named.Inode);
        }
        finally
        {
            NetworkNamespace.Delete(name);
        }
    }

    [Fact]
    public void Sysctl_IsTheNamespaces()
    {
        using Sandbox s = new();
        s.AddVeth("eth0.7");
        string outside = Sysctl.Read("net/ipv4/ip_forward").Value;
        s.Namespace.WriteSysctl("net/ipv4/ip_forward", outside == "1" ? "0" : "1").ThrowIfFailed();
        Assert.NotEqual(outside, s.Namespace.ReadSysctl("net/ipv4/ip_forward").Value);
        Assert.Equal(outside, Sysctl.Read("net/ipv4/ip_forward").Value);
        s.Namespace.WriteSysctls(new Dictionary<string, string> { ["net/ipv4/conf/eth0.7/proxy_arp"] = "1", ["net/ipv4/neigh/eth0.7/proxy_delay"] = "0" }).ThrowIfFailed();
        Assert.Equal("1", s.Namespace.ReadSysctl("net/ipv4/conf/eth0.7/proxy_arp").Value);
        Assert.Equal(Errno.ENOENT, s.Namespace.ReadSysctl("net/ipv4/conf/nosuch/proxy_arp").Error);
        Assert.Equal(Errno.EINVAL, s.Namespace.WriteSysctl("net/ipv4/ip_forward", "rubbish").Error);
        Assert.Throws<ArgumentException>(() => Sysctl.Read("../self/status"));
    }

    [Fact]
    public void Start_TheProcessIsInside()
    {
        using Sandbox s = new();
        using Process process = s.Namespace.Start(new ProcessStartInfo("readlink", ["/proc/self/ns/net"]) { RedirectStandardOutput = true });
        Assert.Equal($"net:[{s.Namespace.Inode}]", process.StandardOutput.ReadToEnd().Trim());
        process.WaitForExit();
    }

    [Fact]
    public void OpenProcess_IsTheNamespaceOfTheProcess()
    {
        using Sandbox s = new();
        using Process process = s.Namespace.Start(new ProcessStartInfo("sleep", ["60"]));
        using NetworkNamespace opened = NetworkNamespace.OpenProcess(process.Id);
        Assert.Equal(s.Namespace.Inode, opened.Inode);
        process.Kill();
    }

    [Fact]
    public void NamespaceId_IsGivenAndRead()
    {
        using Sandbox s = new();
        using Sandbox other = new();
        Assert.Null(s.Route.GetNamespaceId(other.Namespace).Value);
        s.Route.SetNamespaceId(other.Namespace, 42).ThrowIfFailed();
        Assert.Equal(42, s.Route.GetNamespaceId(other.Namespace).Value);
    }
}
