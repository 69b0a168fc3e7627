namespace Margay.Cni.Agent;

/// <summary>One request to the agent and its reply, both JSON; the socket, or a recording in tests.</summary>
internal interface IAgent
{
    /// <summary>The reply, or null with <paramref name="failure"/> in words.</summary>
    byte[]? Ask(ReadOnlySpan<byte> request, out string failure);
}
