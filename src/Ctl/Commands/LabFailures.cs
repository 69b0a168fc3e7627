using Margay.Lab;

namespace Margay.Ctl.Commands;

/// <summary>Turns what can go wrong with a lab into lines for a person and an exit status.</summary>
internal static class LabFailures
{
    public static async Task<int> CatchAsync(Terminal terminal, Func<Task<int>> action)
    {
        try
        {
            return await action();
        }
        catch (OperationCanceledException)
        {
            terminal.Error.WriteLine("\ninterrupted: what was made is still there; 'margay lab down' removes it");
            return 130;
        }
        catch (LabException e)
        {
            terminal.Error.WriteLine($"\nerror: {e.Message}");
            if (e.Log is not null) terminal.Error.WriteLine($"  log: {e.Log}");
            if (e.Remedy is not null) terminal.Error.WriteLine($"  try: {e.Remedy}");
            return 1;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            terminal.Error.WriteLine($"\nerror: {e.Message}");
            return 1;
        }
    }
}
