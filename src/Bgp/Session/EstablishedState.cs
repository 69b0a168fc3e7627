using Margay.Bgp.Wire;

namespace Margay.Bgp.Session;

/// <summary>Established: routes are exchanged (RFC 4271 §8.2.2).</summary>
internal static class EstablishedState
{
    internal static void OnMessage(BgpSession session, ISessionHost host, MessageType type, ReadOnlySpan<byte> body)
    {
        switch (type)
        {
            case MessageType.Update:
                if (host.OnUpdate(session, body) is { } fault) session.Close(fault, $"bad UPDATE: {fault}");
                break;
            case MessageType.Keepalive:
                break;
            case MessageType.RouteRefresh:
                host.OnRouteRefresh(session, RouteRefreshMessage.Read(body));
                break;
            default:
                session.Close(NotificationMessage.Fsm(FsmSubcode.UnexpectedMessageInEstablished, type), $"{type} in an Established session");
                break;
        }
    }
}
