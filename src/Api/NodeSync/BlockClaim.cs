namespace Margay.Api.NodeSync;

/// <summary>POST /nodesync/v1/nodes/NODE/blocks: the node asks for one more block. The server picks it and writes the IPAMBlock; two nodes never get the same.</summary>
public sealed record BlockClaimRequest
{
    public string Network { get; init => field = value ?? "default"; } = "default";

    /// <summary>4 or 6.</summary>
    public required int IpVersion { get; init; }

    /// <summary>The one address that the block shall be; absent means any block.</summary>
    public string? Address { get; init; }

    /// <summary>Names of the pools to choose from; absent means every usable one.</summary>
    public IReadOnlyList<string>? Pools { get; init; }
}

/// <summary>The block, or why there is none.</summary>
public sealed record BlockClaimReply
{
    public BlockView? Block { get; init; }

    /// <summary>In words, with the remedy: every pool exhausted, disabled, not for this node, …</summary>
    public string? Refusal { get; init; }
}
