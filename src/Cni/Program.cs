using Margay.Cni;
using Margay.Cni.Agent;

// margay-cni: the CNI plugin (https://www.cni.dev/docs/spec/, 1.0.0). It decides nothing: it turns
//
//   environment (CNI_COMMAND, CNI_CONTAINERID, …) ─┐
//   network configuration on standard input       ─┴► AttachRequest / DetachRequest / CheckRequest ─► agent's Unix socket
//   result or error on standard output            ◄── AttachReply / AgentError                     ◄─┘
//
// so that all state lives in one place, the agent, and the process that starts once per pod does next to nothing. Start-up time is the
// point of this program: it reads JSON with the pull reader and writes it by hand, calls libc for the socket, and uses neither Console
// nor Socket nor the serialiser (docs/decisions/0070 has the figures).

Plugin plugin = new(Environment.GetEnvironmentVariable, static (path, timeout) => new AgentSocket(path, timeout));
Outcome outcome = plugin.Run(StandardStreams.ReadInput);
StandardStreams.WriteOutput(outcome.Output);
return outcome.ExitCode;
