using System.Diagnostics.CodeAnalysis;

namespace Margay.Ipam;

/// <summary>Who holds addresses: one interface of one container. Text form CONTAINERID/INTERFACE; neither part holds a slash.</summary>
public readonly record struct AllocationHandle(string ContainerId, string Interface)
{
    public static bool TryParse([NotNullWhen(true)] string? text, out AllocationHandle handle)
    {
        handle = default;
        int slash = text?.IndexOf('/', StringComparison.Ordinal) ?? -1;
        if (slash <= 0 || slash == text!.Length - 1) return false;
        handle = new AllocationHandle(text[..slash], text[(slash + 1)..]);
        return true;
    }

    public override string ToString() => $"{ContainerId}/{Interface}";
}
