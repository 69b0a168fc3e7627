namespace Margay.Api.Validation;

/// <summary>What to do with fields that a kind does not have (Kubernetes' <c>fieldValidation</c> parameter).</summary>
public enum UnknownFields
{
    /// <summary>They are faults (<c>Strict</c>): a misspelt field must not open or close a network.</summary>
    Refuse,

    /// <summary>They are dropped with a warning (<c>Warn</c>).</summary>
    Warn,

    /// <summary>They are dropped (<c>Ignore</c>).</summary>
    Ignore,
}
