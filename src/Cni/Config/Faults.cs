namespace Margay.Cni.Config;

/// <summary>Everything that is wrong with an input, each with the path of its field, so that one run shows all of it.</summary>
internal sealed class Faults
{
    private readonly List<string> _invalid = [];
    private readonly List<string> _unsupported = [];

    public bool Any => _invalid.Count + _unsupported.Count > 0;

    /// <summary>True when the only faults are fields that mean something, but not to this plugin.</summary>
    public bool OnlyUnsupported => _invalid.Count == 0 && _unsupported.Count > 0;

    public void Invalid(string path, string what) => _invalid.Add($"{path}: {what}");

    public void Unsupported(string path, string what) => _unsupported.Add($"{path}: {what}");

    public override string ToString() => string.Join("; ", _invalid.Concat(_unsupported));
}
