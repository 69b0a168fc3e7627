namespace Margay.Agent.Attach;

/// <summary>
/// What the <see cref="AttachMachine"/> sets going. Each call returns at once; what became of it comes back as an event. The real one talks to the
/// kernel, the server and the dataplane; the simulated one in the tests delays, reorders and fails at will.
/// </summary>
internal interface IAttachEffects
{
    /// <summary>→ <see cref="LinkMade"/>. Leaves nothing behind when it fails.</summary>
    void MakeLink(AttachmentRecord record, long attempt);

    /// <summary>→ <see cref="LinkRemoved"/>. A link that is not there is removed already.</summary>
    void RemoveLink(AttachmentRecord record, long attempt);

    /// <summary>Creates or renews the WorkloadEndpoint. → <see cref="EndpointWritten"/>.</summary>
    void WriteEndpoint(AttachmentRecord record, long attempt);

    /// <summary>Deletes it if it is this attachment's. → <see cref="EndpointDeleted"/>.</summary>
    void DeleteEndpoint(AttachmentRecord record, long attempt);

    /// <summary>→ <see cref="StrayEndpointRead"/>.</summary>
    void ReadStrayEndpoint(string id);

    /// <summary>Gives the endpoint to the dataplane. → <see cref="EndpointInKernel"/>, for each revision of its view.</summary>
    void Program(AttachmentRecord record);

    /// <summary>→ <see cref="EndpointCut"/>.</summary>
    void Cut(string endpointId);

    /// <summary>→ <see cref="BlockClaimed"/>.</summary>
    void ClaimBlock(BlockClaim claim);

    /// <summary>Compares the kernel with what attach made and answers.</summary>
    void CheckLink(AttachmentRecord record, Ticket ticket);

    /// <summary>The status of the endpoint's object is to say so, some time.</summary>
    void ReportStatus(AttachmentRecord record, bool up);

    /// <summary>Addresses in use or blocks owned have changed: announcements may have to.</summary>
    void AddressesChanged(AddressUseSnapshot use);

    /// <summary>Something outside the plan happened that an operator should read.</summary>
    void Warn(string what);
}
