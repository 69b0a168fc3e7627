using Margay.Api.Resources;

namespace Margay.Api.Validation;

/// <summary>
/// All that was found in one object. Faults refuse it; warnings let it pass, but whoever sent it must be told (the server answers them
/// in <c>Warning</c> headers, the CLI prints them). Mutable while it is collected, by one thread.
/// </summary>
public sealed class Findings
{
    private readonly List<Fault> _faults = [];
    private readonly List<Fault> _warnings = [];

    public IReadOnlyList<Fault> Faults => _faults;
    public IReadOnlyList<Fault> Warnings => _warnings;
    public bool IsValid => _faults.Count == 0;

    public void Add(string field, FaultReason reason, string message) => _faults.Add(new Fault(field, reason, message));

    public void Add(FieldPath at, FaultReason reason, string message) => Add(at.ToString(), reason, message);

    public void Warn(FieldPath at, FaultReason reason, string message) => Warn(at.ToString(), reason, message);

    public void Warn(string field, FaultReason reason, string message) => _warnings.Add(new Fault(field, reason, message));

    /// <summary>
    /// Takes over what a later check found, except faults at or below a field that is faulty already: they are mere consequences of the first.
    /// </summary>
    public void Merge(Findings later)
    {
        int known = _faults.Count;
        foreach (Fault fault in later._faults)
        {
            if (!IsCovered(fault.Field, known)) _faults.Add(fault);
        }

        _warnings.AddRange(later._warnings);
    }

    /// <summary>The same findings, each with the line that <paramref name="lineOf"/> knows for its field.</summary>
    public Findings WithLines(Func<string, int?> lineOf)
    {
        var located = new Findings();
        foreach (Fault fault in _faults) located._faults.Add(fault.Line is null ? fault with { Line = lineOf(fault.Field) } : fault);
        foreach (Fault warning in _warnings) located._warnings.Add(warning.Line is null ? warning with { Line = lineOf(warning.Field) } : warning);
        return located;
    }

    /// <summary>The faults as Kubernetes answers them: 422 Invalid, or 400 BadRequest when the object could not even be read.</summary>
    public Status ToStatus(ResourceKind? kind, string? name)
    {
        bool unreadable = _faults.Any(f => f.Reason is FaultReason.Malformed or FaultReason.TypeInvalid or FaultReason.UnknownField);
        string all = _faults.Count == 1 ? _faults[0].ToString() : $"[{string.Join(", ", _faults)}]";
        string what = kind is null ? "the object" : kind.Group.Length == 0 ? kind.Kind : $"{kind.Kind}.{kind.Group}";
        return new Status
        {
            Outcome = "Failure",
            Reason = unreadable ? "BadRequest" : "Invalid",
            Code = unreadable ? 400 : 422,
            Message = $"{what} \"{name}\" is invalid: {all}",
            Details = new StatusDetails
            {
                Name = name,
                Group = kind?.Group,
                Kind = kind?.Kind,
                Causes = [.. _faults.Select(f => f.ToCause())],
            },
        };
    }

    private bool IsCovered(string field, int known)
    {
        for (int i = 0; i < known; i++)
        {
            string faulty = _faults[i].Field;
            if (field.StartsWith(faulty, StringComparison.Ordinal) &&
                (field.Length == faulty.Length || faulty.Length == 0 || field[faulty.Length] is '.' or '[')) return true;
        }

        return false;
    }
}
