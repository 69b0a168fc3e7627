using Margay.Api.Resources;

namespace Margay.ApiServer.Rest;

/// <summary>A value, or the refusal that the client gets instead. Refusals are expected, so they are no exceptions.</summary>
internal readonly record struct Outcome<T>(T? Value, Status? Refusal) where T : class
{
    public static implicit operator Outcome<T>(T value) => new(value, null);
    public static implicit operator Outcome<T>(Status refusal) => new(null, refusal);

    public bool IsRefused(out Status refusal)
    {
        refusal = Refusal!;
        return Refusal is not null;
    }
}
