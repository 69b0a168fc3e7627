using Margay.Api.Validation.Manifests;

namespace Margay.Ctl.Manifests;

/// <summary>Reads the objects that <c>-f</c> names: files, folders (every .yaml, .yml and .json in them, in order of name), or <c>-</c> for standard input.</summary>
internal static class ManifestSource
{
    private static readonly string[] Endings = [".yaml", ".yml", ".json"];

    /// <exception cref="ManifestException">Something cannot be read, or there is nothing.</exception>
    public static async Task<List<ManifestObject>> ReadAsync(IReadOnlyList<string> paths, bool recursive, Terminal terminal, CancellationToken cancel)
    {
        var objects = new List<ManifestObject>();
        foreach (string path in paths)
        {
            if (path == "-")
            {
                using var all = new MemoryStream();
                await terminal.In.CopyToAsync(all, cancel);
                objects.AddRange(ManifestReader.Read(all.ToArray(), "-"));
                continue;
            }

            foreach (string file in FilesOf(path, recursive)) objects.AddRange(ManifestReader.Read(ReadFile(file), file));
        }

        if (objects.Count == 0) throw new ManifestException($"there is no object in {string.Join(", ", paths)}");
        return objects;
    }

    private static IEnumerable<string> FilesOf(string path, bool recursive)
    {
        if (!Directory.Exists(path)) return [path];
        string[] files =
        [
            .. Directory.EnumerateFiles(path, "*", recursive ? SearchOption.AllDirectories : SearchOption.TopDirectoryOnly)
                .Where(f => Endings.Contains(Path.GetExtension(f), StringComparer.OrdinalIgnoreCase)).Order(StringComparer.Ordinal),
        ];
        if (files.Length == 0) throw new ManifestException($"the folder {path} has no .yaml, .yml or .json file{(recursive ? "" : " (look into its folders with --recursive)")}");
        return files;
    }

    private static byte[] ReadFile(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (FileNotFoundException)
        {
            throw new ManifestException($"{path} does not exist");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ManifestException($"cannot read {path}: {e.Message}");
        }
    }
}

/// <summary>Manifests that cannot be read; the message names which.</summary>
internal sealed class ManifestException(string message) : Exception(message);
