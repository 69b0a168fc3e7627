using Margay.Bgp.Wire;

namespace Margay.Bgp.Session;

/// <summary>OpenConfirm: both said OPEN, we wait for the first KEEPALIVE (RFC 4271 §8.2.2).</summary>
internal static class OpenConfirmState
{
    internal static void OnMessage(BgpSession session, MessageType type)
    {
        if (type == MessageType.Keepalive) session.EnterEstablished();
        else session.Close(NotificationMessage.Fsm(FsmSubcode.UnexpectedMessageInOpenConfirm, type), $"{type} before KEEPALIVE");
    }
}
