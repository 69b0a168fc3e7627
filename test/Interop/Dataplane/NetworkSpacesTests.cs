using System.Diagnostics;
using System.Globalization;
using Margay.Core.Net;
using Margay.Dataplane;
using Margay.Dataplane.Drivers;
using Margay.Dataplane.Kernel;
using Margay.Dataplane.Networks;
using Margay.Interop.Netlink;
using Margay.Netlink.Namespaces;
using Microsoft.Extensions.Logging.Abstractions;

namespace Margay.Interop.Dataplane;

/// <summary>Namespaces of virtual networks come with their first link and go with their last, many at once.</summary>
public sealed class NetworkSpacesTests : IAsyncLifetime
{
    private static readonly NetworkName s_red = new("red.net"), s_green = new("green.net");

    private readonly Sandbox _host = new(), _workload = new();
    private readonly string _prefix = $"mgy-spaces-{Guid.NewGuid().ToString("N")[..8]}-";
    private readonly NetlinkKernel _kernel;
    private readonly DataplaneLoop _loop;
    private readonly NetworkSpaces _spaces;

    public NetworkSpacesTests()
    {
        DataplaneOptions options = new();
        _kernel = new NetlinkKernel(options, _host.Namespace);
        _loop = new DataplaneLoop(options, _kernel, _ => { }, TimeProvider.System, NullLogger.Instance);
        _loop.Start();
        _spaces = new NetworkSpaces(_prefix, options, item => _loop.PostAsync(item));
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _spaces.DisposeAsync();
        await _loop.DisposeAsync();
        _kernel.Dispose();
        foreach (string name in Spaces()) NetworkNamespace.Delete(_prefix + name);
        _workload.Dispose();
        _host.Dispose();
    }

    private string[] Spaces() => [.. NetworkNamespace.ListNamed().Where(n => n.StartsWith(_prefix, StringComparison.Ordinal)).Select(n => n[_prefix.Length..])];

    private string[] Ends() => [.. _workload.Route.ListLinks().Value.Where(l => l.Kind == "veth").Select(l => l.Name).Order(StringComparer.Ordinal)];

    private async Task AddAsync(NetworkName network, string end)
    {
        WorkloadLinkResult made = await _spaces.CreateLinkAsync(network, new WorkloadLinkSpec
        {
            EndpointId = $"{network}/{end}", HostInterface = $"mg{end}", NetworkNamespace = $"{NetworkNamespace.Directory}/{_workload.Name}", Interface = end, Mac = new MacAddress(0x02_00_00_00_00_01),
            Addresses = [InetAddress.Parse("10.0.0.1"), InetAddress.Parse("fd00::1")],
        });
        Assert.True(made.Ok, made.Message);
    }

    private Task RemoveAsync(NetworkName network, string end) => _spaces.RemoveLinkAsync(network, $"mg{end}", $"{network}/{end}");

    [Fact]
    public async Task ALink_IsSetUpWithoutAFileInItsNamespace()
    {
        await AddAsync(s_red, "a");
        using NetworkNamespace red = NetworkNamespace.OpenNamed(_prefix + s_red);
        foreach ((string key, string value) in InterfaceSysctls.For("mga")) Assert.Equal((key, value), (key, red.ReadSysctl(key).Value));
    }

    [Fact]
    public async Task TheLastLinks_TakeTheNamespaceAlong_TheOthersStay()
    {
        await AddAsync(s_red, "a");
        await AddAsync(s_red, "b");
        await AddAsync(s_green, "c");
        await AddAsync(s_green, "d");
        await Task.WhenAll(RemoveAsync(s_red, "a"), RemoveAsync(s_red, "b"), RemoveAsync(s_green, "c"));
        Assert.Equal(["green.net"], Spaces());
        Assert.Equal(["d"], Ends());
        // A link that is not there, or in no namespace, is removed already.
        await Task.WhenAll(RemoveAsync(s_red, "a"), RemoveAsync(s_green, "nosuch"));
        Assert.Equal(["d"], Ends());
    }

    [Fact]
    public async Task ANetworkThatIsNeeded_StaysWithoutALink()
    {
        await AddAsync(s_red, "a");
        _spaces.SetWanted(new HashSet<NetworkName>(), new HashSet<NetworkName> { s_red });
        await RemoveAsync(s_red, "a");
        Assert.Equal(["red.net"], Spaces());
        _spaces.SetWanted(new HashSet<NetworkName>(), new HashSet<NetworkName>());
        await Eventually.TrueAsync(() => Spaces().Length == 0, TimeSpan.FromSeconds(20), () => "the namespace goes");
    }

    [Fact]
    public async Task WithALinkThatNobodyClaimed_ItStays()
    {
        await AddAsync(s_red, "a");
        _spaces.SetWanted(new HashSet<NetworkName>());
        await RemoveAsync(s_green, "nosuch");
        Assert.Equal(["red.net"], Spaces());
        Assert.Equal(["a"], Ends());
    }

    /// <summary>Of the same name, with the same names of links, while the kernel still takes down what was there.</summary>
    [Fact]
    public async Task WhatComesAgainWhileItGoes_FindsItsPlaceEmpty()
    {
        const int Networks = 20;
        NetworkName Name(int n) => new(string.Create(CultureInfo.InvariantCulture, $"t{n}.net"));
        string End(int n) => string.Create(CultureInfo.InvariantCulture, $"e{n}");
        for (int n = 0; n < Networks; n++) await AddAsync(Name(n), End(n));
        Task[] gone = [.. Enumerable.Range(0, Networks).Select(n => RemoveAsync(Name(n), End(n)))];
        await Eventually.TrueAsync(() => !Spaces().Contains("t7.net"), TimeSpan.FromSeconds(20), () => "the namespace goes");
        await AddAsync(Name(7), End(7));
        await Task.WhenAll(gone);
        Assert.Equal(["t7.net"], Spaces());
        Assert.Equal(["e7"], Ends());
    }

    [Fact]
    public async Task WhatComesToBeNeededWhileItGoes_IsThereAgain()
    {
        await AddAsync(s_red, "a");
        Task gone = RemoveAsync(s_red, "a");
        await Eventually.TrueAsync(() => Spaces().Length == 0, TimeSpan.FromSeconds(20), () => "the namespace goes");
        _spaces.SetWanted(new HashSet<NetworkName>(), new HashSet<NetworkName> { s_red });
        await gone;
        // Whoever needs it asks for it too, if he saw that it was not there.
        (await _spaces.OpenAsync(s_red)).ThrowIfFailed("open");
        Assert.Equal(["red.net"], Spaces());
    }

    [Fact]
    public async Task ANamespaceThatAProcessHolds_LosesItsLinks()
    {
        await AddAsync(s_red, "a");
        using NetworkNamespace red = NetworkNamespace.OpenNamed(_prefix + s_red);
        using Process shell = red.Start(new ProcessStartInfo("sleep", ["600"]));
        try
        {
            red.Dispose();
            await RemoveAsync(s_red, "a");
            Assert.Empty(Ends());
            Assert.Empty(Spaces());
        }
        finally
        {
            shell.Kill();
            await shell.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public async Task WhatAnEarlierLifeLeft_IsTakenUp_AndGoesWithItsLinks()
    {
        await AddAsync(s_red, "a");
        NetworkSpaces next = new(_prefix, new DataplaneOptions(), item => _loop.PostAsync(item));
        Assert.Equal([s_red], (await next.AdoptAsync()).Select(f => f.Network));
        // The first life has died, with all that it held.
        await _spaces.DisposeAsync();
        await next.RemoveLinkAsync(s_red, "mga", $"{s_red}/a");
        Assert.Empty(Spaces());
        Assert.Empty(Ends());
        await next.DisposeAsync();
    }
}
