using Margay.Agent.Networks;
using Margay.Agent.Sync;
using Margay.Api.Attach;
using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.Core.Net;
using Margay.Dataplane;
using Margay.Dataplane.Drivers;
using Margay.Netlink.Namespaces;
using Microsoft.Extensions.Logging;

namespace Margay.Agent.Attach;

/// <summary>The real effects: kernel, server, dataplane. Each runs on the thread pool and posts its outcome to the attach loop.</summary>
internal sealed class AttachEffects(
    AttachContext context, LinkPlaces places, ServerWrites server, DataplaneLoop dataplane, Action<AttachEvent> post, Action<AddressUseSnapshot> onAddresses)
    : IAttachEffects
{
    public void MakeLink(AttachmentRecord record, long attempt)
    {
        // On the loop, so that the network counts as wanted before anyone says which are.
        Task<Netlink.Sockets.NetlinkResult> place = places.OpenAsync(new NetworkName(record.Network));
        Run(() => MakeLinkAsync(record, attempt, place), e => post(new LinkMade(record.Key, attempt, 0, Errors.Kernel(e), 0)));
    }

    private async Task MakeLinkAsync(AttachmentRecord record, long attempt, Task<Netlink.Sockets.NetlinkResult> place)
    {
        long start = context.Time.GetTimestamp();
        Netlink.Sockets.NetlinkResult opened = await place.ConfigureAwait(false);
        if (!opened.Ok)
        {
            post(new LinkMade(record.Key, attempt, 0, Errors.Kernel($"make the namespace of network {record.Network}: {opened}"), 0));
            return;
        }
        WorkloadLinkResult result = await places.CreateAsync(new NetworkName(record.Network), SpecOf(record)).ConfigureAwait(false);
        ulong inode = result.Ok ? NamespaceIdentity.Of(record.NetworkNamespace) : 0;
        post(new LinkMade(record.Key, attempt, inode, ErrorOf(result), context.Time.GetElapsedTime(start).TotalMilliseconds));
    }

    public void RemoveLink(AttachmentRecord record, long attempt) => Run(async () =>
    {
        await places.RemoveAsync(new NetworkName(record.Network), record.HostInterface, record.EndpointId).ConfigureAwait(false);
        post(new LinkRemoved(record.Key, attempt, null));
    }, e => post(new LinkRemoved(record.Key, attempt, e)));

    public void WriteEndpoint(AttachmentRecord record, long attempt) => Run(async () =>
    {
        long start = context.Time.GetTimestamp();
        WorkloadEndpoint endpoint = Strays.ToEndpoint(record, context.Node, WorkloadLinks.GatewayV4.ToString(), WorkloadLinks.GatewayV6.ToString());
        WriteOutcome outcome = await server.WriteEndpointAsync(endpoint).ConfigureAwait(false);
        post(new EndpointWritten(record.Key, attempt, outcome, context.Time.GetElapsedTime(start).TotalMilliseconds));
    }, e => post(new EndpointWritten(record.Key, attempt, WriteOutcome.Failed(WriteResult.Unreachable, e), 0)));

    public void DeleteEndpoint(AttachmentRecord record, long attempt) => Run(async () =>
        post(new EndpointDeleted(record.Key, attempt, await server.DeleteEndpointAsync(record).ConfigureAwait(false))),
        e => post(new EndpointDeleted(record.Key, attempt, e)));

    public void ReadStrayEndpoint(string id) => Run(async () =>
    {
        string[] parts = id.Split('/', 3);
        (WorkloadEndpoint? endpoint, string? error) = await server.ReadEndpointAsync(parts[1], parts[2]).ConfigureAwait(false);
        post(new StrayEndpointRead(id, endpoint, error));
    }, e => post(new StrayEndpointRead(id, null, e)));

    public void Program(AttachmentRecord record) => Post(new EndpointAttached(new LocalEndpoint
    {
        Id = record.EndpointId,
        Network = new NetworkName(record.Network),
        Interface = record.HostInterface,
        Addresses = [.. record.InetAddresses],
        Mac = MacAddress.Parse(record.Mac),
    }));

    public void Cut(string endpointId) => Post(new EndpointDetached(endpointId));

    public void ClaimBlock(BlockClaim claim) => Run(async () =>
    {
        (BlockView? block, AgentError? error) = await server.ClaimBlockAsync(claim).ConfigureAwait(false);
        if (block is not null) Log.BlockClaimed(context.Logger, block.Cidr, block.Pool);
        else Log.BlockRefused(context.Logger, claim.IsIPv6 ? "IPv6" : "IPv4", error!.Message);
        post(new BlockClaimed(claim, block, error));
    }, e => post(new BlockClaimed(claim, null, Errors.ServerUnreachable(e))));

    public void CheckLink(AttachmentRecord record, Ticket ticket) => Run(() =>
    {
        IReadOnlyList<string> faults = places.Of(new NetworkName(record.Network))?.Check(SpecOf(record)) ?? [$"network {record.Network} has no namespace on this host"];
        if (faults.Count == 0) ticket.Succeed();
        else ticket.Refuse(Errors.CheckFailed($"{record.Key}: {string.Join("; ", faults)}"));
        return Task.CompletedTask;
    }, e => ticket.Refuse(Errors.Kernel(e)));

    public void ReportStatus(AttachmentRecord record, bool up) => server.ReportStatus(record, up);

    public void AddressesChanged(AddressUseSnapshot use)
    {
        places.SetInUse(use.Hosts.Select(h => h.Network).ToHashSet());
        onAddresses(use);
        Post(new BlocksChanged(use.Blocks));
    }

    public void Warn(string what) => Log.AttachWarning(context.Logger, what);

    // The dataplane's queue is full only while it reads a large table back at start: waiting then is right, and must not be the loop's.
    private void Post(DataplaneEvent item)
    {
        if (!dataplane.TryPost(item)) Run(async () => await dataplane.PostAsync(item).ConfigureAwait(false), e => Log.AttachWarning(context.Logger, e));
    }

    /// <summary>Runs apart from the loop. An exception is a bug, or a kernel or disk that behaves beyond belief; the attachment must not hang for it.</summary>
    private void Run(Func<Task> action, Action<string> onFailure) => _ = Task.Run(async () =>
    {
        try
        {
            await action().ConfigureAwait(false);
        }
#pragma warning disable CA1031 // the boundary at which a bug is contained
        catch (Exception e)
#pragma warning restore CA1031
        {
            Log.Bug(context.Logger, "attach", e);
            onFailure(e.Message);
        }
    });

    private static WorkloadLinkSpec SpecOf(AttachmentRecord record) => new()
    {
        EndpointId = record.EndpointId,
        HostInterface = record.HostInterface,
        NetworkNamespace = record.NetworkNamespace,
        Interface = record.Interface,
        Mac = MacAddress.Parse(record.Mac),
        Addresses = [.. record.InetAddresses],
        Mtu = record.Mtu,
    };

    private static AgentError? ErrorOf(WorkloadLinkResult result) => result.Failure switch
    {
        WorkloadLinkFailure.None => null,
        WorkloadLinkFailure.HostNameTaken or WorkloadLinkFailure.InterfaceTaken => Errors.NameCollision(result.Message ?? ""),
        WorkloadLinkFailure.NoNamespace => Errors.NotFound(result.Message ?? ""),
        _ => Errors.Kernel(result.Message ?? ""),
    };
}

/// <summary>What everything that attaches needs to know.</summary>
internal sealed record AttachContext(string Node, TimeProvider Time, ILogger Logger);

/// <summary>Tells a network namespace from a later one at the same path.</summary>
internal static class NamespaceIdentity
{
    /// <summary>Its inode, 0 when it cannot be opened.</summary>
    public static ulong Of(string path)
    {
        Netlink.Sockets.NetlinkResult<NetworkNamespace> opened = NetworkNamespace.TryOpen(path);
        if (!opened.Ok) return 0;
        using NetworkNamespace space = opened.Value;
        return space.Inode;
    }

    /// <summary>Whether a namespace is there, and still that one where its inode is known.</summary>
    public static bool IsAlive(string path, ulong inode) => Of(path) is var found and not 0 && (inode == 0 || found == inode);
}
