namespace Margay.Netlink.Sockets;

/// <summary>Thrown where a caller asked for success or nothing: opening a socket or namespace, <see cref="NetlinkResult.ThrowIfFailed"/>.</summary>
public sealed class NetlinkException : Exception
{
    public NetlinkException(NetlinkResult result, string? operation = null)
        : base(operation is null ? result.ToString() : $"{operation}: {result}") => Result = result;

    public NetlinkResult Result { get; }
    public Errno Error => Result.Error;
}
