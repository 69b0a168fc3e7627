namespace Margay.Interop.Peers;

/// <summary>The rows of a feature's tests: a daemon each. What a daemon cannot do stands in the table as well, with the reason, which the runner reports.</summary>
internal static class DaemonTable
{
    internal static IEnumerable<TheoryDataRow<PeerKind>> All => AllBut();

    internal static IEnumerable<TheoryDataRow<PeerKind>> AllBut(params (PeerKind Kind, string Reason)[] cannot) =>
        Enum.GetValues<PeerKind>().Select(k => new TheoryDataRow<PeerKind>(k) { Skip = Array.Find(cannot, c => c.Kind == k).Reason });
}
