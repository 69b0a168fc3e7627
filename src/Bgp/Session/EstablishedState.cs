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
            // RFC 7313 §5: only a request may carry more (RFC 5291).
            case MessageType.RouteRefresh when body.Length != 4 && RouteRefreshMessage.Read(body).Subtype is 1 or 2:
                session.Close(new NotificationMessage(ErrorCode.RouteRefresh, 1, MessageHeader.Whole(type, body)), "ROUTE-REFRESH demarcation of a wrong length");
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
