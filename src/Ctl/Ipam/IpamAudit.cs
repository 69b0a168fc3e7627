using System.Globalization;
using Margay.Api.Resources;
using Margay.Core.Net;

namespace Margay.Ctl.Ipam;

/// <summary>
/// Compares pools, blocks, nodes and endpoints, each address within its network, and reports every disagreement. Pure: it is given what the server has.
/// The lists are read one after the other, so a change in between may show as a problem; it is gone in the next run.
/// </summary>
internal sealed class IpamAudit
{
    private readonly List<IpamProblem> _problems = [];
    private readonly List<(NetworkPrefix Key, IPPool Pool)> _pools = [];
    private readonly List<(NetworkPrefix Key, IPAMBlock Block)> _blocks = [];
    private readonly Dictionary<NetworkPrefix, List<WorkloadEndpoint>> _users = [];
    private readonly HashSet<string> _nodes;

    private IpamAudit(IEnumerable<Node> nodes) => _nodes = [.. nodes.Select(n => n.Name)];

    public static IpamReport Run(
        IReadOnlyList<IPPool> pools, IReadOnlyList<IPAMBlock> blocks, IReadOnlyList<Node> nodes, IReadOnlyList<WorkloadEndpoint> endpoints)
    {
        var audit = new IpamAudit(nodes);
        foreach (IPPool pool in pools) audit.Add(pool);
        foreach (IPAMBlock block in blocks) audit.Add(block);
        foreach (WorkloadEndpoint endpoint in endpoints) audit.Add(endpoint);
        audit.CheckOverlaps();
        audit.CheckBlocks();
        audit.CheckAddresses();
        return new IpamReport([.. audit.UsePools()], [.. audit.UseBlocks()], audit._problems);
    }

    /// <summary>Who holds this address: its pool, block and endpoints, as lines of a table.</summary>
    public static IEnumerable<(string Aspect, string Value)> Locate(
        InetAddress address, IReadOnlyList<IPPool> pools, IReadOnlyList<IPAMBlock> blocks, IReadOnlyList<WorkloadEndpoint> endpoints)
    {
        foreach (IPPool pool in pools)
            if (IpPrefix.TryParse(pool.Spec.Cidr, out IpPrefix cidr) && cidr.Contains(address)) yield return ("pool", $"{pool.Name} ({cidr})");
        foreach (IPAMBlock block in blocks)
            if (IpPrefix.TryParse(block.Spec.Cidr, out IpPrefix cidr) && cidr.Contains(address)) yield return ("block", $"{cidr} of {block.Spec.Affinity} (network {block.Spec.Network ?? "default"})");
        foreach (WorkloadEndpoint endpoint in endpoints)
        {
            if (endpoint.Spec.IpNetworks?.Any(n => IpPrefix.TryParse(n, out IpPrefix own) && own.Contains(address)) is true)
                yield return ("endpoint", $"{endpoint.Namespace}/{endpoint.Name} on {endpoint.Spec.Node} (network {endpoint.Spec.Network ?? "default"})");
        }
    }

    private void Add(IPPool pool)
    {
        if (IpPrefix.TryParse(pool.Spec.Cidr, out IpPrefix cidr)) _pools.Add((new NetworkPrefix(NetworkName.Default, cidr), pool));
        else Report(IpamProblemKind.Unreadable, $"IPPool/{pool.Name}", $"\"{pool.Spec.Cidr}\" is no prefix");
    }

    private void Add(IPAMBlock block)
    {
        if (IpPrefix.TryParse(block.Spec.Cidr, out IpPrefix cidr)) _blocks.Add((new NetworkPrefix(new NetworkName(block.Spec.Network ?? "default"), cidr), block));
        else Report(IpamProblemKind.Unreadable, $"IPAMBlock/{block.Name}", $"\"{block.Spec.Cidr}\" is no prefix");
    }

    private void Add(WorkloadEndpoint endpoint)
    {
        if (endpoint.Spec.Node is { } node && !_nodes.Contains(node))
            Report(IpamProblemKind.EndpointWithoutNode, Title(endpoint), $"it runs on {node}, and there is no such Node: delete the endpoint if the host is gone for good");
        foreach (string text in endpoint.Spec.IpNetworks ?? [])
        {
            if (!IpPrefix.TryParse(text, out IpPrefix address))
            {
                Report(IpamProblemKind.Unreadable, Title(endpoint), $"\"{text}\" is no address");
                continue;
            }

            var key = new NetworkPrefix(new NetworkName(endpoint.Spec.Network ?? "default"), address);
            if (!_users.TryGetValue(key, out List<WorkloadEndpoint>? users)) _users[key] = users = [];
            users.Add(endpoint);
        }
    }

    private void CheckOverlaps()
    {
        foreach ((NetworkPrefix a, NetworkPrefix b) in Overlapping(_pools.Select(p => p.Key)))
            Report(IpamProblemKind.Overlap, a.ToString(), $"the pools {a} and {b} share addresses: delete one, or give it another range");
        foreach ((NetworkPrefix a, NetworkPrefix b) in Overlapping(_blocks.Select(b => b.Key)))
            Report(IpamProblemKind.Overlap, a.ToString(), $"the blocks {a} and {b} share addresses: two nodes may give the same address");
    }

    // In sorted order a prefix is followed by those inside it.
    private static IEnumerable<(NetworkPrefix Outer, NetworkPrefix Inner)> Overlapping(IEnumerable<NetworkPrefix> keys)
    {
        var open = new Stack<NetworkPrefix>();
        foreach (NetworkPrefix key in keys.OrderBy(k => k.Network).ThenBy(k => k.Prefix.Address).ThenBy(k => k.Prefix.Length))
        {
            while (open.TryPeek(out NetworkPrefix outer) && !(outer.Network == key.Network && outer.Prefix.Contains(key.Prefix))) open.Pop();
            if (open.TryPeek(out NetworkPrefix around)) yield return (around, key);
            open.Push(key);
        }
    }

    private void CheckBlocks()
    {
        foreach ((NetworkPrefix key, IPAMBlock block) in _blocks)
        {
            string? node = OwnerOf(block);
            if (node is null || !_nodes.Contains(node))
                Report(IpamProblemKind.BlockWithoutNode, key.ToString(), $"it belongs to {block.Spec.Affinity ?? "nobody"}, and there is no such Node: delete the IPAMBlock {block.Name} if the host is gone for good");
            if (!_pools.Exists(p => p.Key.Network == key.Network && p.Key.Prefix.Contains(key.Prefix)))
                Report(IpamProblemKind.BlockWithoutPool, key.ToString(), "it lies in no pool: nothing new is given from it once the pool is gone");
        }
    }

    private void CheckAddresses()
    {
        foreach ((NetworkPrefix key, List<WorkloadEndpoint> users) in _users.OrderBy(u => u.Key))
        {
            if (users.Count > 1) Report(IpamProblemKind.DuplicateAddress, key.ToString(), $"{string.Join(" and ", users.Select(Title))} both have it: detach one of them");
            int block = _blocks.FindIndex(b => b.Key.Network == key.Network && b.Key.Prefix.Contains(key.Prefix));
            if (block >= 0)
            {
                string? owner = OwnerOf(_blocks[block].Block);
                foreach (WorkloadEndpoint stray in users.Where(u => u.Spec.Node != owner))
                    Report(IpamProblemKind.ForeignBlock, key.ToString(), $"{Title(stray)} runs on {stray.Spec.Node}, but the block {_blocks[block].Key.Prefix} belongs to {owner ?? "nobody"}");
            }
            else if (_pools.Exists(p => p.Key.Network == key.Network && p.Key.Prefix.Contains(key.Prefix)))
            {
                Report(IpamProblemKind.OutsideBlocks, key.ToString(), $"{Title(users[0])} has it, and no node owns a block around it: another node may give it again");
            }
            else
            {
                Report(IpamProblemKind.OutsidePools, key.ToString(), $"{Title(users[0])} has it, and it lies in no pool");
            }
        }
    }

    private IEnumerable<PoolUsage> UsePools() => _pools.OrderBy(p => p.Key).Select(p => new PoolUsage(
        p.Key.Network.Value, p.Pool.Name, p.Key.Prefix.ToString(), BlockSize(p.Pool, p.Key.Prefix), p.Pool.Spec.Disabled is true, Text(p.Key.Prefix.Count),
        _blocks.Count(b => b.Key.Network == p.Key.Network && p.Key.Prefix.Contains(b.Key.Prefix)),
        Text(UInt128.One << Math.Max(0, BlockSize(p.Pool, p.Key.Prefix) - p.Key.Prefix.Length)), InUse(p.Key)));

    private IEnumerable<BlockUsage> UseBlocks() => _blocks.OrderBy(b => b.Key).Select(b => new BlockUsage(
        b.Key.Network.Value, b.Key.Prefix.ToString(), b.Block.Spec.Pool ?? "-", OwnerOf(b.Block) ?? "-", InUse(b.Key), Text(b.Key.Prefix.Count)));

    private int InUse(NetworkPrefix around) => _users.Keys.Count(a => a.Network == around.Network && around.Prefix.Contains(a.Prefix));

    private static int BlockSize(IPPool pool, IpPrefix cidr) =>
        pool.Spec.BlockSize ?? (cidr.IsIPv6 ? Api.Validation.Defaults.BlockSizeIPv6 : Api.Validation.Defaults.BlockSizeIPv4);

    private static string? OwnerOf(IPAMBlock block) =>
        block.Spec.Affinity is { } owner && owner.StartsWith("host:", StringComparison.Ordinal) ? owner["host:".Length..] : null;

    private static string Title(WorkloadEndpoint endpoint) => $"endpoint {endpoint.Namespace}/{endpoint.Name}";

    private static string Text(UInt128 number) => number.ToString(CultureInfo.InvariantCulture);

    private void Report(IpamProblemKind kind, string subject, string message) => _problems.Add(new IpamProblem(kind.ToString(), subject, message));
}
