using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Margay.Agent.Health;

/// <summary>Writes log lines to standard error, as text or JSON. A logging framework would cost more memory than all of the agent's state.</summary>
internal sealed class StandardErrorLogger(string component, LogLevel minimum, bool json, TimeProvider time) : ILogger, IDisposable
{
    private readonly Stream _output = Console.OpenStandardError();
    private readonly Lock _gate = new();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= minimum;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel)) return;
        string message = formatter(state, exception);
        byte[] line = json ? Json(logLevel, eventId, message, state, exception) : Text(logLevel, message, exception);
        lock (_gate) _output.Write(line);
    }

    public void Dispose() => _output.Dispose();

    private string Now => time.GetUtcNow().ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);

    private byte[] Text(LogLevel level, string message, Exception? exception) =>
        Encoding.UTF8.GetBytes($"{Now} {Word(level),-5} {component}: {message}{(exception is null ? "" : $"\n{exception}")}\n");

    private byte[] Json<TState>(LogLevel level, EventId id, string message, TState state, Exception? exception)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream))
        {
            writer.WriteStartObject();
            writer.WriteString("time", Now);
            writer.WriteString("level", Word(level));
            writer.WriteString("component", component);
            writer.WriteNumber("event", id.Id);
            writer.WriteString("message", message);
            if (state is IReadOnlyList<KeyValuePair<string, object?>> fields)
            {
                foreach ((string name, object? value) in fields)
                    if (name != "{OriginalFormat}") writer.WriteString(name, Convert.ToString(value, CultureInfo.InvariantCulture));
            }
            if (exception is not null) writer.WriteString("exception", exception.ToString());
            writer.WriteEndObject();
        }
        stream.WriteByte((byte)'\n');
        return stream.ToArray();
    }

    private static string Word(LogLevel level) => level switch
    {
        LogLevel.Trace or LogLevel.Debug => "debug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warn",
        _ => "error",
    };
}
