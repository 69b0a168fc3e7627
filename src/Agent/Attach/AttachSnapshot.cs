using Margay.Ipam;

namespace Margay.Agent.Attach;

/// <summary>The attachments and blocks at one moment, for people.</summary>
internal sealed record AttachSnapshot(IReadOnlyList<AttachmentRow> Attachments, IReadOnlyList<BlockUse> Blocks, bool ComparedWithServer);

/// <param name="Reason">Why the kernel refuses it, or null.</param>
internal sealed record AttachmentRow(AttachmentRecord Record, Presence Link, Presence Endpoint, long Revision, long ProgrammedRevision, string? Reason);
