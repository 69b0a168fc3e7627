using System.Text.Json;

namespace Margay.Lab.State;

/// <summary>
/// The state file of one lab. Each change replaces the file by a rename, so that whoever reads it finds the old or the new state.
/// Changes may come from several threads of the one process that holds the lock.
/// </summary>
internal sealed class LabStore(LabPaths paths)
{
    private readonly Lock _lock = new();
    private LabState? _state;

    internal LabPaths Paths => paths;

    /// <summary>Null when there is no lab of this name. A file that cannot be read is reported as such: the lab is there, its details are not.</summary>
    internal LabState? Read()
    {
        try
        {
            using FileStream file = File.OpenRead(paths.StateFile);
            return JsonSerializer.Deserialize(file, LabJsonContext.Default.LabState);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (JsonException e)
        {
            throw new LabException($"{paths.StateFile} cannot be read: {e.Message}") { Remedy = $"margay lab down {paths.Name}" };
        }
    }

    internal void Create(LabState state)
    {
        Directory.CreateDirectory(paths.Directory);
        Change(_ => state);
    }

    /// <summary>Goes on with a lab that is there.</summary>
    internal void Open() => _state = Read();

    /// <summary>Puts a process in the place of an earlier one of the same node and program.</summary>
    internal void Replace(LabProcess process) =>
        Change(s => s with { Processes = [.. s.Processes.Where(p => (p.Node, p.Program) != (process.Node, process.Program)), process] });

    internal void Add(LabProcess process) => Change(s => s with { Processes = [.. s.Processes, process] });
    internal void Add(LabAttachment attachment) => Change(s => s with { Attachments = [.. s.Attachments, attachment] });
    internal void Enter(LabPhase phase) => Change(s => s with { Phase = phase });

    private void Change(Func<LabState, LabState> change)
    {
        lock (_lock)
        {
            _state = change(_state!);
            string temporary = paths.StateFile + ".new";
            File.WriteAllBytes(temporary, JsonSerializer.SerializeToUtf8Bytes(_state, LabJsonContext.Default.LabState));
            File.Move(temporary, paths.StateFile, overwrite: true);
        }
    }
}
