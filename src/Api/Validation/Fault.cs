using Margay.Api.Resources;

namespace Margay.Api.Validation;

/// <summary>What kind of fault a field has; the words of Kubernetes' <c>Status.details.causes[].reason</c>, without their prefix.</summary>
public enum FaultReason
{
    /// <summary>The value is malformed or breaks a rule.</summary>
    Invalid,

    /// <summary>A field that must be there is not.</summary>
    Required,

    /// <summary>The value is none of those allowed.</summary>
    NotSupported,

    /// <summary>The value, or the field itself, occurs twice.</summary>
    Duplicate,

    /// <summary>The field must not be there, given the others.</summary>
    Forbidden,

    TooLong,
    TooMany,

    /// <summary>The value has the wrong JSON type.</summary>
    TypeInvalid,

    /// <summary>The kind has no such field.</summary>
    UnknownField,

    /// <summary>The text is not YAML or JSON.</summary>
    Malformed,

    /// <summary>Not a fault: accepted, but not done by this version.</summary>
    NotImplemented,
}

/// <summary>One thing that is wrong with one field, and how to put it right.</summary>
/// <param name="Field">Path such as <c>spec.ingress[0].source.nets[1]</c>; empty for the whole object.</param>
/// <param name="Reason">What kind of fault.</param>
/// <param name="Message">What is wrong and the remedy, without the path.</param>
public sealed record Fault(string Field, FaultReason Reason, string Message)
{
    /// <summary>1-based line in the manifest, when it is known.</summary>
    public int? Line { get; init; }

    public StatusCause ToCause() => new()
    {
        Reason = Reason switch
        {
            FaultReason.UnknownField or FaultReason.Malformed or FaultReason.NotImplemented => "FieldValueInvalid",
            _ => $"FieldValue{Reason}",
        },
        Message = Message,
        Field = Field,
    };

    public override string ToString() => Field.Length == 0 ? Message : $"{Field}: {Message}";
}
