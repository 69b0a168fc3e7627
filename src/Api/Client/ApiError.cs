using Margay.Api.Resources;

namespace Margay.Api.Client;

/// <summary>Why a call failed, as far as callers act upon it.</summary>
public enum ApiErrorReason
{
    /// <summary>No connection, or it broke.</summary>
    Unreachable,

    /// <summary>No answer in time; whether the server did what was asked is not known.</summary>
    Timeout,

    /// <summary>401: no token, or a wrong one.</summary>
    Unauthorized,

    /// <summary>403: the token may not do this.</summary>
    Forbidden,

    NotFound,
    AlreadyExists,

    /// <summary>409: the object has changed since it was read.</summary>
    Conflict,

    /// <summary>The object is faulty; <see cref="ApiError.Status"/> names every fault.</summary>
    Invalid,

    /// <summary>410: the revision is no longer kept; read the list anew.</summary>
    Expired,

    /// <summary>429 or 503: try again later.</summary>
    Busy,

    /// <summary>The server failed, or answered something that is not the API's.</summary>
    Server,
}

/// <summary>An outcome that is not what was asked for.</summary>
public sealed record ApiError
{
    public required ApiErrorReason Reason { get; init; }

    /// <summary>What happened and the remedy, in words.</summary>
    public required string Message { get; init; }

    /// <summary>What the server said, when it said something.</summary>
    public Status? Status { get; init; }

    public IReadOnlyList<StatusCause> Causes => Status?.Details?.Causes ?? [];

    public override string ToString() => Message;
}

/// <summary>A value, or the error that came instead of it.</summary>
public readonly struct ApiResult<T>
{
    private readonly T? _value;

    private ApiResult(T? value, ApiError? error)
    {
        _value = value;
        Error = error;
    }

    public ApiError? Error { get; }
    public bool IsOk => Error is null;

    /// <summary>The value of a result that <see cref="IsOk"/>.</summary>
    /// <exception cref="InvalidOperationException">There is none: the caller has not looked at <see cref="Error"/>.</exception>
    public T Value => Error is null ? _value! : throw new InvalidOperationException($"no value: {Error.Message}");

    public bool TryGet(out T value, out ApiError error)
    {
        value = _value!;
        error = Error!;
        return Error is null;
    }

    public ApiResult<TOther> Select<TOther>(Func<T, TOther> convert) => Error is null ? convert(_value!) : Error;

    public static implicit operator ApiResult<T>(T value) => new(value, null);
    public static implicit operator ApiResult<T>(ApiError error) => new(default, error);
}
