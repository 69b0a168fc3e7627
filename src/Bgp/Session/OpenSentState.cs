using Margay.Bgp.Wire;

namespace Margay.Bgp.Session;

/// <summary>OpenSent: we said OPEN and wait for the peer's (RFC 4271 §8.2.2).</summary>
internal static class OpenSentState
{
    internal static void OnMessage(BgpSession session, MessageType type, ReadOnlySpan<byte> body)
    {
        if (type != MessageType.Open)
        {
            session.Close(NotificationMessage.Fsm(FsmSubcode.UnexpectedMessageInOpenSent, type), $"{type} before OPEN");
            return;
        }
        if (OpenMessage.TryRead(body, out OpenMessage open) is { } fault)
        {
            session.Close(fault, $"refused the peer's OPEN: {fault}");
            return;
        }
        if (session.Peer.Refuse(open, session.LocalOpen!) is { } refusal)
        {
            session.Close(refusal.Notification, refusal.Reason);
            return;
        }
        if (!session.Peer.ResolveCollision(session, open)) return;
        session.EnterOpenConfirm(open, body, Negotiated.Of(session.LocalOpen!, open));
    }
}
