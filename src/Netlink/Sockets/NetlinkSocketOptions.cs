namespace Margay.Netlink.Sockets;

/// <summary>How a netlink socket is set up. The defaults suit a daemon that programs tens of thousands of objects.</summary>
public sealed record NetlinkSocketOptions
{
    public static NetlinkSocketOptions Default { get; } = new();

    /// <summary>
    /// Bytes of kernel memory that may wait to be read. 4 MiB holds the errors of a batch of some thousand messages, or a burst
    /// of about 5000 notifications. Memory is used only while messages wait. Above <c>net.core.rmem_max</c> only with CAP_NET_ADMIN.
    /// </summary>
    public int ReceiveBufferSize { get; init; } = 4 << 20;

    /// <summary>Bytes of the largest request that may be sent at once; grows by itself when a batch is larger.</summary>
    public int SendBufferSize { get; init; } = 1 << 20;

    /// <summary>
    /// How long an answer may take that has not come with the request, in milliseconds. The kernel answers before
    /// <c>sendmsg</c> returns, so that this is reached only when an answer was lost.
    /// </summary>
    public int AnswerTimeoutMilliseconds { get; init; } = 2000;
}
