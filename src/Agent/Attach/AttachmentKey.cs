namespace Margay.Agent.Attach;

/// <summary>Names one attachment: one interface of one container.</summary>
internal readonly record struct AttachmentKey(string ContainerId, string Interface)
{
    public override string ToString() => $"{ContainerId}/{Interface}";
}
