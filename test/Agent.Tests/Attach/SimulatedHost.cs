using Margay.Agent.Attach;
using Margay.Agent.Sync;
using Margay.Api.Attach;
using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.Core.Net;
using Margay.Ipam;
using Microsoft.Extensions.Time.Testing;

namespace Margay.Agent.Tests.Attach;

/// <summary>
/// A host, its server and its clock, without any of them: what the machine sets going is kept as steps, which the test runs one by one, in its own
/// order, with faults of its choice. <see cref="Crash"/> drops everything that only memory had; kernel, server and journal stay.
/// </summary>
internal sealed class SimulatedHost : IAttachEffects, IDisposable
{
    private static readonly PoolView s_pool = new() { Name = "p4", Cidr = "10.65.0.0/24", BlockSize = 29, Usable = true };
    private static readonly PoolView s_pool6 = new() { Name = "p6", Cidr = "fd65::/120", BlockSize = 125, Usable = true };

    private readonly TemporaryFolder _folder = new();
    private readonly List<Step> _steps = [];
    private AttachJournal? _journal;

    public SimulatedHost(bool v6 = false, int blocks = 32)
    {
        Pools = v6 ? [s_pool, s_pool6] : [s_pool];
        FreeBlocks = blocks;
        Start();
    }

    /// <summary>One thing outside that is under way.</summary>
    internal sealed record Step(string What, string Subject, Action Succeed, Action? Fail);

    public FakeTimeProvider Time { get; } = new();
    public AttachMachine Machine { get; private set; } = null!;
    public AddressBook Addresses { get; private set; } = null!;
    public IReadOnlyList<PoolView> Pools { get; set; }

    /// <summary>How many more blocks the server gives.</summary>
    public int FreeBlocks { get; set; }

    public bool ServerIsUp { get; set; } = true;

    // The world: what survives a crash of the agent.
    public Dictionary<string, string> Links { get; } = [];
    public Dictionary<string, WorkloadEndpoint> Endpoints { get; } = [];
    public List<BlockView> Blocks { get; } = [];
    public HashSet<string> Programmed { get; } = [];
    public HashSet<string> DeadNamespaces { get; } = [];

    public List<string> Warnings { get; } = [];
    public IReadOnlyList<Step> Steps => _steps;
    public long Revision { get; private set; } = 100;
    public AddressUseSnapshot Use { get; private set; } = new([], []);

    // ---- the test's side ----

    public Ticket Attach(string container, Action<AttachRequestBuilder>? with = null)
    {
        AttachRequestBuilder builder = new() { Request = new AttachRequest { ContainerId = container, Interface = "eth0", NetworkNamespace = $"/run/netns/{container}" } };
        with?.Invoke(builder);
        Ticket ticket = new(Time);
        Machine.Handle(new AttachAsked(builder.Request, ticket));
        return ticket;
    }

    public Ticket Detach(string container)
    {
        Ticket ticket = new(Time);
        Machine.Handle(new DetachAsked(new DetachRequest { ContainerId = container, Interface = "eth0" }, ticket));
        return ticket;
    }

    public Ticket Check(string container, params string[] addresses)
    {
        Ticket ticket = new(Time);
        Machine.Handle(new CheckAsked(new CheckRequest { ContainerId = container, Interface = "eth0", Addresses = addresses }, ticket));
        return ticket;
    }

    /// <summary>The stream begins: blocks and endpoints as the server has them.</summary>
    public void Connect()
    {
        Machine.Handle(new AddressingChanged(Pools, [.. Blocks]));
        Machine.Handle(new ServerReachability(true, ""));
        Machine.Handle(new ServerEndpointsKnown([.. Endpoints.Values.Select(ViewOf)]));
    }

    public void Disconnect()
    {
        ServerIsUp = false;
        Machine.Handle(new ServerReachability(false, "connection refused"));
    }

    /// <summary>Runs the first step of that kind.</summary>
    public void Run(string what, bool fail = false)
    {
        Step step = _steps.First(s => s.What == what);
        Run(step, fail);
    }

    public void Run(Step step, bool fail = false)
    {
        _steps.Remove(step);
        if (fail && step.Fail is not null) step.Fail();
        else step.Succeed();
    }

    /// <summary>Runs all steps in order until nothing is under way.</summary>
    public void RunAll()
    {
        for (int i = 0; _steps.Count > 0; i++)
        {
            Assert.True(i < 10_000, "the machine does not come to rest");
            Run(_steps[0]);
        }
    }

    /// <summary>Lets time pass, waking the machine whenever it wants to be.</summary>
    public void Wait(TimeSpan span)
    {
        long end = Time.GetTimestamp() + (long)(span.TotalSeconds * Time.TimestampFrequency);
        while (Machine.NextDue <= end)
        {
            TimeSpan until = Time.GetElapsedTime(Time.GetTimestamp(), Machine.NextDue);
            if (until > TimeSpan.Zero) Time.Advance(until);
            Machine.Handle(new Ticked());
            RunAll();
        }
        TimeSpan rest = Time.GetElapsedTime(Time.GetTimestamp(), end);
        if (rest > TimeSpan.Zero) Time.Advance(rest);
    }

    /// <summary>kill -9 and a new life. What was under way either happened or did not: the coin says.</summary>
    public void Crash(Func<bool>? happened = null)
    {
        foreach (Step step in _steps.ToList())
        {
            AttachMachine dead = Machine;
            if (happened?.Invoke() == true) InTheWorldOnly(() => step.Succeed());
            Machine = dead;
        }
        _steps.Clear();
        _journal!.Dispose();
        Programmed.Clear();
        _told.Clear();
        Start();
    }

    public void Dispose()
    {
        _journal?.Dispose();
        _folder.Dispose();
    }

    public static string AddressOf(Ticket ticket)
    {
        Assert.True(ticket.IsAnswered, "no answer");
        AgentReply reply = ticket.Reply.GetAwaiter().GetResult();
        Assert.Null(reply.Error);
        return reply.Attach!.Addresses[0];
    }

    public static AgentError ErrorOf(Ticket ticket)
    {
        Assert.True(ticket.IsAnswered, "no answer");
        AgentError? error = ticket.Reply.GetAwaiter().GetResult().Error;
        Assert.NotNull(error);
        return error;
    }

    /// <summary>Nothing is under way, and kernel, server, journal and allocator tell the same story.</summary>
    public void AssertConsistent()
    {
        List<AttachmentRecord> records = [.. _journal!.Attachments.Values];
        Assert.All(records, r => Assert.Equal(AttachmentPhase.Up, r.Phase));
        Assert.Equal(records.Select(r => r.HostInterface).Order(), Links.Keys.Order());
        Assert.Equal(records.Select(r => $"{r.Namespace}/{r.Name}").Order(), Endpoints.Keys.Order());
        Assert.Equal(records.Select(r => r.EndpointId).Order(), Programmed.Order());
        List<string> held = [.. _journal.Allocator.Addresses.Select(a => a.Address.ToString()).Order(StringComparer.Ordinal)];
        Assert.Equal(records.SelectMany(r => r.Addresses).Order(StringComparer.Ordinal), held);
        Assert.Equal(held.Count, held.Distinct().Count());
    }

    private void Start()
    {
        _journal = AttachJournal.Open(_folder.File("journal"), new BlockAllocator(Time), out IReadOnlyList<string> damage);
        Assert.Empty(damage);
        Addresses = new AddressBook(_journal.Allocator, new AddressBookOptions(LowWater: 0));
        Machine = new AttachMachine(new AttachOptions { Node = "n1" }, _journal, Addresses, this, Time);
        Machine.Recover(Links, (path, _) => !DeadNamespaces.Contains(path));
    }

    private void Add(string what, string subject, Action succeed, Action? fail = null) => _steps.Add(new Step(what, subject, succeed, fail));

    private bool _worldOnly;

    // A step that happened although nobody lived to hear of it.
    private void InTheWorldOnly(Action action)
    {
        _worldOnly = true;
        action();
        _worldOnly = false;
    }

    private void Post(AttachEvent item)
    {
        if (!_worldOnly) Machine.Handle(item);
    }

    private EndpointView ViewOf(WorkloadEndpoint endpoint) => new()
    {
        Id = $"default/{endpoint.Namespace}/{endpoint.Name}",
        Revision = long.Parse(endpoint.Metadata.ResourceVersion!, System.Globalization.CultureInfo.InvariantCulture),
        Interface = endpoint.Spec.InterfaceName!,
        Addresses = endpoint.Spec.IpNetworks!,
    };

    // ---- the machine's side ----

    public void MakeLink(AttachmentRecord record, long attempt) => Add("link", record.ContainerId, () =>
    {
        Assert.False(Links.ContainsKey(record.HostInterface), "two links of one name");
        Links[record.HostInterface] = record.EndpointId;
        Post(new LinkMade(record.Key, attempt, 7, null, 0.5));
    }, () => Post(new LinkMade(record.Key, attempt, 0, new AgentError { Code = "Kernel", Message = "EPERM" }, 0.5)));

    public void RemoveLink(AttachmentRecord record, long attempt) => Add("unlink", record.ContainerId, () =>
    {
        Assert.DoesNotContain(record.EndpointId, Programmed);
        if (Links.GetValueOrDefault(record.HostInterface) == record.EndpointId) Links.Remove(record.HostInterface);
        Post(new LinkRemoved(record.Key, attempt, null));
    }, () => Post(new LinkRemoved(record.Key, attempt, "EBUSY")));

    public void WriteEndpoint(AttachmentRecord record, long attempt) => Add("write", record.ContainerId, () =>
    {
        string key = $"{record.Namespace}/{record.Name}";
        if (!ServerIsUp)
        {
            Post(new EndpointWritten(record.Key, attempt, WriteOutcome.Failed(WriteResult.Unreachable, "connection refused"), 1));
            return;
        }
        if (Endpoints.TryGetValue(key, out WorkloadEndpoint? there) && there.Spec.ContainerID != record.ContainerId)
        {
            Post(new EndpointWritten(record.Key, attempt, WriteOutcome.Failed(WriteResult.Collision, "taken"), 1));
            return;
        }
        WorkloadEndpoint made = Strays.ToEndpoint(record, "n1", null, null);
        HashSet<string> taken = [.. Endpoints.Where(e => e.Key != key).SelectMany(e => e.Value.Spec.IpNetworks!)];
        Assert.DoesNotContain(made.Spec.IpNetworks!, taken.Contains);
        Endpoints[key] = made with { Metadata = made.Metadata with { ResourceVersion = (++Revision).ToString(System.Globalization.CultureInfo.InvariantCulture) } };
        long revision = Revision;
        Post(new EndpointWritten(record.Key, attempt, WriteOutcome.Written(revision, $"uid-{revision}"), 1));
        if (!_worldOnly) Add("view", record.ContainerId, () => Program(record.EndpointId));
    }, () =>
    {
        Post(new EndpointWritten(record.Key, attempt, WriteOutcome.Failed(WriteResult.Unreachable, "timed out"), 1));
    });

    public void DeleteEndpoint(AttachmentRecord record, long attempt) => Add("delete", record.ContainerId, () =>
    {
        if (!ServerIsUp)
        {
            Post(new EndpointDeleted(record.Key, attempt, "connection refused"));
            return;
        }
        string key = $"{record.Namespace}/{record.Name}";
        if (Endpoints.TryGetValue(key, out WorkloadEndpoint? there) && there.Spec.ContainerID == record.ContainerId) Endpoints.Remove(key);
        Post(new EndpointDeleted(record.Key, attempt, null));
    }, () => Post(new EndpointDeleted(record.Key, attempt, "timed out")));

    public void ReadStrayEndpoint(string id) => Add("read", id, () =>
    {
        string[] parts = id.Split('/', 3);
        Post(new StrayEndpointRead(id, Endpoints.GetValueOrDefault($"{parts[1]}/{parts[2]}"), null));
    });

    private readonly HashSet<string> _told = [];

    public void Program(AttachmentRecord record)
    {
        _told.Add(record.EndpointId);
        Add("kernel", record.ContainerId, () => Program(record.EndpointId));
    }

    public void Cut(string endpointId)
    {
        _told.Remove(endpointId);
        Add("cut", endpointId, () =>
        {
            Programmed.Remove(endpointId);
            Post(new EndpointCut(endpointId));
        });
    }

    public void ClaimBlock(BlockClaim claim) => Add("claim", claim.ToString(), () =>
    {
        if (!ServerIsUp) Post(new BlockClaimed(claim, null, new AgentError { Code = "ServerUnreachable", Message = "connection refused", Retry = true }));
        else if (FreeBlocks == 0) Post(new BlockClaimed(claim, null, new AgentError { Code = "NoAddress", Message = "every pool is exhausted" }));
        else
        {
            FreeBlocks--;
            PoolView pool = Pools.First(p => p.Cidr.Contains(':', StringComparison.Ordinal) == claim.IsIPv6);
            IpPrefix cidr = IpPrefix.Parse(pool.Cidr);
            BlockView block = new() { Cidr = cidr.Subnet(pool.BlockSize, (UInt128)Blocks.Count(b => b.Pool == pool.Name)).ToString(), Pool = pool.Name };
            Blocks.Add(block);
            Post(new BlockClaimed(claim, block, null));
        }
    });

    public void CheckLink(AttachmentRecord record, Ticket ticket) => ticket.Succeed();

    public void ReportStatus(AttachmentRecord record, bool up)
    {
    }

    public void AddressesChanged(AddressUseSnapshot use) => Use = use;

    public void Warn(string what) => Warnings.Add(what);

    /// <summary>Policy comes with the view, the link from the agent: programmed when both are there.</summary>
    private void Program(string endpointId)
    {
        WorkloadEndpoint? endpoint = Endpoints.GetValueOrDefault(endpointId["default/".Length..]);
        if (endpoint is null || !_told.Contains(endpointId) || !Links.ContainsValue(endpointId)) return;
        if (_worldOnly) return;
        Programmed.Add(endpointId);
        Post(new EndpointInKernel(endpointId, long.Parse(endpoint.Metadata.ResourceVersion!, System.Globalization.CultureInfo.InvariantCulture)));
    }
}

/// <summary>Lets a test change a request.</summary>
internal sealed class AttachRequestBuilder
{
    public required AttachRequest Request { get; set; }
}
