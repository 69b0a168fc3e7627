using Margay.Api.Resources;

namespace Margay.Api.Validation;

/// <summary>Checks every rule of a kind; nothing stops at the first fault.</summary>
public static class Validator
{
    /// <summary>Checks an object by itself, with its defaults already filled in.</summary>
    public static Findings Validate(Resource resource)
    {
        var findings = new Findings();
        return findings;
    }

    /// <summary>What may not change from <paramref name="before"/> to <paramref name="after"/>. Says nothing of <paramref name="after"/> by itself.</summary>
    public static Findings ValidateUpdate(Resource before, Resource after)
    {
        var findings = new Findings();
        return findings;
    }
}
