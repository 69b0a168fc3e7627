using System.Reflection;
using System.Runtime.InteropServices;
using Margay.Agent;
using Margay.Agent.Health;
using Margay.Agent.Reflector;
using Microsoft.Extensions.Logging;

// margay-agent: one per host. AgentProcess.cs has the map; here are only the process's own affairs: flags, signals, exit status
// (0 stopped as asked, 1 cannot run here, 2 wrong usage).

return await CommandLine.Build(RunAsync).Parse(args).InvokeAsync();

static async Task<int> RunAsync(AgentOptions options, CancellationToken cancel)
{
    string version = typeof(AgentOptions).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0";
    TimeProvider time = TimeProvider.System;
    using StandardErrorLogger logger = new("margay-agent", options.LogLevel, options.JsonLog, time);
    using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
    using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
    using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
    try
    {
        Random random = new(Environment.ProcessId);
        if (options.Reflector) await new ReflectorProcess(options, time, random, logger).RunAsync(version, stop.Token).ConfigureAwait(false);
        else await new AgentProcess(options, time, random, logger).RunAsync(version, stop.Token).ConfigureAwait(false);
        return 0;
    }
    catch (Exception e) when (e is IOException or Margay.Netlink.Sockets.NetlinkException or UnauthorizedAccessException)
    {
        logger.Log(LogLevel.Critical, default, e.Message, null, static (message, _) => message);
        return 1;
    }

    void Stop(PosixSignalContext context)
    {
        context.Cancel = true;
        stop.Cancel();
    }
}
