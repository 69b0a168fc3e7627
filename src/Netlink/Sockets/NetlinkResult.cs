using System.Diagnostics.CodeAnalysis;

namespace Margay.Netlink.Sockets;

/// <summary>
/// What the kernel answered to one request: an error number and, where the kernel gave one, the text of its extended
/// acknowledgement (<c>NLMSGERR_ATTR_MSG</c>). The default value is success. Refusals are values: a caller that expects
/// "exists" or "not found" asks for it; a caller that expects success calls <see cref="ThrowIfFailed"/>.
/// </summary>
/// <param name="Error">The error number, <see cref="Errno.None"/> for success.</param>
/// <param name="Message">The kernel's own words, or null.</param>
/// <param name="Index">In a batch, which message failed (from 0); -1 when the whole request or batch did.</param>
/// <param name="AttributeOffset">Offset in the failed message of the attribute the kernel objects to, or -1.</param>
public readonly record struct NetlinkResult(Errno Error, string? Message = null, int Index = -1, int AttributeOffset = -1)
{
    public static NetlinkResult Success => default;

    public bool Ok => Error == Errno.None;

    /// <summary>
    /// The object is not there. The kernel says so in four ways: ENOENT (nf_tables, neighbour, rule), ESRCH (route),
    /// ENODEV (link) and EADDRNOTAVAIL (address). For an addition it means that something referred to is not there.
    /// </summary>
    public bool IsNotFound => Error is Errno.ENOENT or Errno.ESRCH or Errno.ENODEV or Errno.EADDRNOTAVAIL;

    /// <summary>EEXIST: an object with this identity is there already.</summary>
    public bool Exists => Error == Errno.EEXIST;

    /// <summary>A dump was changed underneath (<c>NLM_F_DUMP_INTR</c>): what came is not one consistent state. Repeat it.</summary>
    public bool IsInterrupted => Error == Errno.EINTR;

    /// <summary>ENOBUFS: messages were lost, among them perhaps answers. Read the state back before going on.</summary>
    public bool IsOverrun => Error == Errno.ENOBUFS;

    /// <summary>EPERM or EACCES: the process lacks CAP_NET_ADMIN in the user namespace that owns the network namespace.</summary>
    public bool IsNotPermitted => Error is Errno.EPERM or Errno.EACCES;

    /// <summary>This result, or success if it only says that the object is not there: for idempotent deletion.</summary>
    public NetlinkResult IgnoreNotFound() => IsNotFound ? Success : this;

    /// <summary>This result, or success if it only says that the object is there: for idempotent creation.</summary>
    public NetlinkResult IgnoreExists() => Exists ? Success : this;

    /// <summary>Throws <see cref="NetlinkException"/> unless this is success.</summary>
    public void ThrowIfFailed(string? operation = null)
    {
        if (!Ok) throw new NetlinkException(this, operation);
    }

    public override string ToString() => (Message, Index) switch
    {
        _ when Ok => "ok",
        (null, < 0) => Error.ToString(),
        (null, _) => $"{Error} (message {Index})",
        (_, < 0) => $"{Error}: {Message}",
        _ => $"{Error}: {Message} (message {Index})",
    };
}

/// <summary>A <see cref="NetlinkResult"/> with what was read. <see cref="Value"/> throws when the read failed.</summary>
public readonly struct NetlinkResult<T>
{
    private readonly T? _value;

    public NetlinkResult(T value)
    {
        _value = value;
        Result = default;
    }

    public NetlinkResult(NetlinkResult failure)
    {
        _value = default;
        Result = failure;
    }

    public NetlinkResult Result { get; }
    public Errno Error => Result.Error;
    public string? Message => Result.Message;
    public bool Ok => Result.Ok;
    public bool IsNotFound => Result.IsNotFound;

    /// <summary>What was read. <see cref="NetlinkException"/> when the read failed.</summary>
    public T Value => Ok ? _value! : throw new NetlinkException(Result);

    public bool TryGet([MaybeNullWhen(false)] out T value)
    {
        value = _value;
        return Ok;
    }

    public static implicit operator NetlinkResult<T>(T value) => new(value);
    public static implicit operator NetlinkResult<T>(NetlinkResult failure) => new(failure);
    public static implicit operator NetlinkResult(NetlinkResult<T> result) => result.Result;

    public NetlinkResult ToNetlinkResult() => Result;
    public override string ToString() => Ok ? $"{_value}" : Result.ToString();
}
