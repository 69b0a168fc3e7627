using System.Text.Json;

namespace Margay.Cni;

/// <summary>The members of the agent's reply that this plugin needs (<see cref="Api.Attach.AgentReply"/>).</summary>
internal sealed record AgentAnswer
{
    public CniError? Error { get; init; }
    public AttachAnswer? Attach { get; init; }

    public static AgentAnswer Read(byte[] reply)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(reply);
            JsonElement root = document.RootElement;
            if (root.TryGetProperty("error", out JsonElement error)) return new AgentAnswer { Error = ReadError(error) };
            if (root.TryGetProperty("attach", out JsonElement attach)) return new AgentAnswer { Attach = ReadAttach(attach) };
            return new AgentAnswer();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            return new AgentAnswer { Error = new(CniErrorCode.Internal, "the agent's answer is not understood; are plugin and agent of one version?") };
        }
    }

    private static CniError ReadError(JsonElement error)
    {
        string code = error.GetProperty("code").GetString() ?? "";
        string message = error.GetProperty("message").GetString() ?? "";
        bool retry = error.TryGetProperty("retry", out JsonElement r) && r.ValueKind == JsonValueKind.True;
        return new CniError(CodeOf(code, retry), message, $"margay-agent: {code}");
    }

    private static CniErrorCode CodeOf(string code, bool retry) => code switch
    {
        "InvalidRequest" => CniErrorCode.InvalidNetworkConfig,
        "NotFound" => CniErrorCode.UnknownContainer,
        "CheckFailed" => CniErrorCode.CheckFailed,
        _ when retry => CniErrorCode.TryAgainLater,
        "ServerUnreachable" or "Timeout" => CniErrorCode.TryAgainLater,
        "NoAddress" => CniErrorCode.NoAddress,
        "NameCollision" => CniErrorCode.NameCollision,
        "Kernel" => CniErrorCode.Kernel,
        _ => CniErrorCode.Internal,
    };

    private static AttachAnswer ReadAttach(JsonElement attach) => new(
        [.. attach.GetProperty("addresses").EnumerateArray().Select(a => a.GetString()!)],
        attach.GetProperty("hostInterface").GetString()!,
        attach.GetProperty("hostMac").GetString()!,
        attach.GetProperty("mac").GetString()!,
        attach.TryGetProperty("ipv4Gateway", out JsonElement v4) ? v4.GetString() : null,
        attach.TryGetProperty("ipv6Gateway", out JsonElement v6) ? v6.GetString() : null);
}

/// <summary>What ADD made.</summary>
internal sealed record AttachAnswer(
    IReadOnlyList<string> Addresses, string HostInterface, string HostMac, string Mac, string? Ipv4Gateway, string? Ipv6Gateway);
