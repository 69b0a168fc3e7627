using System.Text.Json;
using Margay.Cni.Agent;
using Margay.Cni.Config;

namespace Margay.Cni;

/// <summary>One run of the plugin, from environment and input to output: pure but for the agent it asks.</summary>
internal sealed class Plugin(Func<string, string?> variable, Func<string, TimeSpan, IAgent> connect)
{
    /// <summary>Longer than the agent's own deadline for a request (30 s), so that its reason arrives.</summary>
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(40);

    public Outcome Run(Func<byte[]?> readInput)
    {
        Faults faults = new();
        RuntimeEnvironment environment = RuntimeEnvironment.Read(variable, faults);
        if (environment.Command is "VERSION") return Outcome.Success(CniVersion.Answer());
        if (faults.Any) return Outcome.Failure(CniVersion.Latest, new(CniErrorCode.InvalidEnvironmentVariables, $"environment: {faults}"));

        if (readInput() is not { } input)
            return Outcome.Failure(CniVersion.Latest, new(CniErrorCode.IOFailure, "cannot read the network configuration from standard input, or it is longer than 1 MiB"));
        if (ReadConfig(input, faults, out NetworkConfig config) is { } error) return Outcome.Failure(VersionOf(config), error);
        return environment.Command switch
        {
            "ADD" => Add(environment, config),
            "DEL" => Delete(environment, config),
            "STATUS" => Status(config),
            _ => Check(environment, config),
        };
    }

    private static CniError? ReadConfig(byte[] input, Faults faults, out NetworkConfig config)
    {
        config = new NetworkConfig();
        if (input.AsSpan().Trim(" \t\r\n"u8).IsEmpty) return new(CniErrorCode.DecodingFailure, "the network configuration on standard input is empty");
        try
        {
            using JsonDocument document = JsonDocument.Parse(input);
            config = NetworkConfigReader.Read(document.RootElement, faults);
        }
        catch (JsonException e)
        {
            return new(CniErrorCode.DecodingFailure, $"the network configuration is not JSON: line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1} ({input.Length} bytes in all; is it cut short?)");
        }
        if (config.CniVersion.Length > 0 && !CniVersion.IsSupported(config.CniVersion))
            return new(CniErrorCode.IncompatibleCniVersion, $"cniVersion '{config.CniVersion}' is not supported; supported are {string.Join(", ", CniVersion.Supported)}");
        if (!faults.Any) return null;
        return new(faults.OnlyUnsupported ? CniErrorCode.UnsupportedField : CniErrorCode.InvalidNetworkConfig, faults.ToString());
    }

    private Outcome Add(RuntimeEnvironment environment, NetworkConfig config)
    {
        AgentAnswer answer = Ask(config, AgentMessages.Attach(environment, config));
        if (answer.Error is not null) return Outcome.Failure(config.CniVersion, answer.Error);
        return answer.Attach is { } attach
            ? Outcome.Success(AddResult.Write(environment, config, attach))
            : Outcome.Failure(config.CniVersion, new(CniErrorCode.Internal, "the agent answered without a result; are plugin and agent of one version?"));
    }

    private Outcome Delete(RuntimeEnvironment environment, NetworkConfig config)
    {
        AgentAnswer answer = Ask(config, AgentMessages.Detach(environment));
        return answer.Error is null ? Outcome.Nothing : Outcome.Failure(config.CniVersion, answer.Error);
    }

    private Outcome Check(RuntimeEnvironment environment, NetworkConfig config)
    {
        if (!CniVersion.HasCheck(config.CniVersion))
            return Outcome.Failure(config.CniVersion, new(CniErrorCode.IncompatibleCniVersion, $"cniVersion '{config.CniVersion}' has no CHECK; use 0.4.0 or later"));
        if (config.Previous is null)
            return Outcome.Failure(config.CniVersion, new(CniErrorCode.InvalidNetworkConfig, "prevResult: is missing; CHECK compares with it"));
        AgentAnswer answer = Ask(config, AgentMessages.Check(environment, config.Previous));
        return answer.Error is null ? Outcome.Nothing : Outcome.Failure(config.CniVersion, answer.Error);
    }

    private Outcome Status(NetworkConfig config)
    {
        AgentAnswer answer = Ask(config, AgentMessages.Status());
        return answer.Error is null
            ? Outcome.Nothing
            : Outcome.Failure(config.CniVersion, answer.Error with { Code = CniErrorCode.PluginNotAvailable });
    }

    private AgentAnswer Ask(NetworkConfig config, byte[] request)
    {
        byte[]? reply = connect(config.AgentSocket, AnswerTimeout).Ask(request, out string failure);
        if (reply is not null) return AgentAnswer.Read(reply);
        return new AgentAnswer
        {
            Error = new(CniErrorCode.TryAgainLater,
                $"margay-agent does not answer on {config.AgentSocket}: {failure}",
                "Start it (systemctl start margay-agent), or set agentSocket in the network configuration to where it listens."),
        };
    }

    private static string VersionOf(NetworkConfig config) => CniVersion.IsSupported(config.CniVersion) ? config.CniVersion : CniVersion.Latest;
}
