namespace Margay.Api.Resources;

/// <summary>A range from which workloads get addresses (Calico <c>IPPool</c>).</summary>
public sealed record IPPool : Resource
{
    public IPPoolSpec Spec { get; init => field = value ?? new(); } = new();
    public IPPoolStatus? Status { get; init; }
}

public sealed record IPPoolSpec
{
    /// <summary>Immutable.</summary>
    public string? Cidr { get; init; }

    /// <summary>Prefix length of the blocks that nodes own: 20–32 (default 26) or 116–128 (default 122). Immutable.</summary>
    public int? BlockSize { get; init; }

    public string? IpipMode { get; init; }
    public string? VxlanMode { get; init; }

    /// <summary>Masquerade what leaves the pools.</summary>
    public bool? NatOutgoing { get; init; }

    /// <summary>Nothing new is allocated from it.</summary>
    public bool? Disabled { get; init; }

    public bool? DisableBGPExport { get; init; }
    public string? NodeSelector { get; init; }
    public string? NamespaceSelector { get; init; }
    public IReadOnlyList<string>? AllowedUses { get; init; }
    public string? AssignmentMode { get; init; }
}

public sealed record IPPoolStatus
{
    public IReadOnlyList<Condition>? Conditions { get; init; }
}

/// <summary>
/// A block of a pool and the node that owns it (Calico <c>IPAMBlock</c>). Creating it is the compare-and-swap that decides ownership:
/// its name is the CIDR, so that a block exists once or not at all. Which of its addresses are in use is known to the owner.
/// </summary>
public sealed record IPAMBlock : Resource
{
    public IPAMBlockSpec Spec { get; init => field = value ?? new(); } = new();

    /// <summary>10.65.0.64/26 becomes 10-65-0-64-26; fd00::40/122 becomes fd00--40-122.</summary>
    public static string NameOf(string cidr) => cidr.Replace('.', '-').Replace(':', '-').Replace('/', '-').Trim('-');

    /// <summary>As <see cref="NameOf(string)"/>, after the network's name and a dot where that is not default: the same range is another block in each network.</summary>
    public static string NameOf(string? network, string cidr) => network is null or "default" ? NameOf(cidr) : $"{network}.{NameOf(cidr)}";
}

public sealed record IPAMBlockSpec
{
    public string? Cidr { get; init; }
    public string? Network { get; init; }
    public string? Pool { get; init; }

    /// <summary>The owner: "host:NODE".</summary>
    public string? Affinity { get; init; }

    /// <summary>Of a block of one address: how often it has changed hands.</summary>
    public long? Sequence { get; init; }
}
