using System.Collections.Concurrent;
using Margay.Api.Attach;
using Margay.Netlink.Namespaces;

namespace Margay.Interop.Agent;

/// <summary>A network that comes and goes, always with the same VNI.</summary>
internal sealed record ChurnedNetwork(string Tenant, int Vni, string V4, string V6)
{
    internal string Path => $"{NetworkLab.Networks}/{Tenant}/virtualnetworks";

    internal string Json(bool egress) =>
        $$$"""{"metadata":{"name":"net"},"spec":{"vni":{{{Vni}}},"subnets":[{"cidr":"{{{V4}}}","blockSize":28},{"cidr":"{{{V6}}}","blockSize":124}],"egress":{"mode":"{{{(egress ? "Snat" : "None")}}}"} } }""";
}

/// <summary>
/// Those who use a cluster: workloads of several tenants attached and detached, networks made and removed, and their way out opened and closed, at random and at once. What fails because
/// something is dead at the moment is repeated until its outcome is known, as runtimes and operators do.
/// </summary>
internal sealed class NetworkChurn(NetworkLab lab, CrossTalk talk, IReadOnlyList<ChurnedNetwork> networks)
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100), s_limit = TimeSpan.FromSeconds(90);

    private readonly ConcurrentDictionary<string, (Slot Slot, IReadOnlyList<string> Addresses)> _attached = [];
    private readonly ConcurrentDictionary<string, bool> _egress = [];
    private readonly ConcurrentQueue<string> _failures = [];

    /// <summary>A container that a tenant runs on a host, or does not.</summary>
    internal sealed record Slot(string Name, string Host, ChurnedNetwork Network);

    /// <summary>Those that are attached, with what addresses.</summary>
    internal IReadOnlyList<(Slot Slot, IReadOnlyList<string> Addresses)> Attached => [.. _attached.Values.OrderBy(a => a.Slot.Name, StringComparer.Ordinal)];

    internal IReadOnlyCollection<string> Failures => _failures;

    internal bool LetsOut(ChurnedNetwork network) => _egress.GetValueOrDefault(network.Tenant);

    /// <summary>One on each host for each network, and namespaces for them.</summary>
    internal IReadOnlyList<Slot> MakeSlots()
    {
        List<Slot> slots = [];
        foreach (ChurnedNetwork network in networks)
        {
            foreach (string host in (string[])["n1", "n2", "n1"])
            {
                Slot slot = new($"{network.Tenant}-{slots.Count}", host, network);
                using NetworkNamespace space = NetworkNamespace.OpenNamed(lab.AddSpace(host, slot.Name));
                talk.Add(slot.Name, network.Tenant, space);
                slots.Add(slot);
            }
        }
        return slots;
    }

    /// <summary>Does something with one network after the other until it is told to stop; what it has begun it brings to its end.</summary>
    internal async Task RunAsync(ChurnedNetwork network, IReadOnlyList<Slot> slots, Random random, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            Slot slot = slots[random.Next(slots.Count)];
            switch (random.Next(8))
            {
                case 0 when slots.All(s => !_attached.ContainsKey(s.Name)):
                    await RemoveAsync(network);
                    await AddAsync(network, random.Next(2) == 0);
                    break;
                case 1:
                    await LetOutAsync(network, random.Next(2) == 0);
                    break;
                case < 4 when _attached.ContainsKey(slot.Name):
                    await DetachAsync(slot);
                    break;
                default:
                    await AttachAsync(slot);
                    break;
            }
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(150)), TimeProvider.System);
        }
    }

    internal Task AddAsync(ChurnedNetwork network, bool egress)
    {
        _egress[network.Tenant] = egress;
        // There already: it was made by a request whose answer was lost.
        return UntilAsync($"make {network.Tenant}", async () => await lab.Cluster.TrySendAsync("POST", network.Path, network.Json(egress)) is 200 or 201 or 409);
    }

    /// <summary>Workloads of it are still being removed at the server for a moment after their agent has let go of them.</summary>
    internal Task RemoveAsync(ChurnedNetwork network) =>
        UntilAsync($"remove {network.Tenant}", async () => await lab.Cluster.TrySendAsync("DELETE", $"{network.Path}/net") is 200 or 404);

    internal Task LetOutAsync(ChurnedNetwork network, bool egress)
    {
        _egress[network.Tenant] = egress;
        return UntilAsync($"change {network.Tenant}", async () => await lab.Cluster.TrySendAsync("PATCH", $"{network.Path}/net", $$$"""{"spec":{"egress":{"mode":"{{{(egress ? "Snat" : "None")}}}"} } }""") is 200);
    }

    /// <param name="addresses">Those that it shall have; any when null.</param>
    /// <param name="insist">Try again when it failed.</param>
    internal async Task AttachAsync(Slot slot, IReadOnlyList<string>? addresses = null, bool insist = false)
    {
        AttachRequest request = new()
        {
            ContainerId = slot.Name, Interface = "eth0", NetworkNamespace = $"{NetworkNamespace.Directory}/{lab.Cluster.NameOf(slot.Host)}-w-{slot.Name}",
            Namespace = slot.Network.Tenant, Network = "net", Labels = new Dictionary<string, string> { ["app"] = slot.Network.Tenant }, Addresses = addresses,
        };
        AgentReply reply = new();
        await UntilAsync($"attach {slot.Name}", async () =>
        {
            reply = await Task.Run(() => lab.Ask(slot.Host, new AgentRequest { Attach = request }));
            if (reply.Attach is null) await DetachAsync(slot);
            return reply.Attach is not null || !insist;
        });
        if (reply.Attach is not { } attached) return;
        string[] given = [.. attached.Addresses.Select(a => a.Split('/')[0])];
        _attached[slot.Name] = (slot, given);
        talk.Note(given);
    }

    internal async Task DetachAsync(Slot slot)
    {
        DetachRequest request = new() { ContainerId = slot.Name, Interface = "eth0", NetworkNamespace = $"{NetworkNamespace.Directory}/{lab.Cluster.NameOf(slot.Host)}-w-{slot.Name}" };
        await UntilAsync($"detach {slot.Name}", async () => await Task.Run(() => lab.Ask(slot.Host, new AgentRequest { Detach = request })) is { Error: null });
        _attached.TryRemove(slot.Name, out _);
    }

    private async Task UntilAsync(string what, Func<Task<bool>> done)
    {
        long start = TimeProvider.System.GetTimestamp();
        while (!await done())
        {
            if (TimeProvider.System.GetElapsedTime(start) > s_limit)
            {
                _failures.Enqueue($"could not {what} within {s_limit.TotalSeconds} s");
                return;
            }
            await Task.Delay(s_pause, TimeProvider.System);
        }
    }
}
