namespace Margay.Interop;

/// <summary>Where the programs under test are: MARGAY_PROGRAMS, or out/bin of this tree, or those installed.</summary>
internal static class NativePrograms
{
    internal static string Folder { get; } = Environment.GetEnvironmentVariable("MARGAY_PROGRAMS") ?? Find();

    internal static string PathOf(string program) => Path.Combine(Folder, program);

    private static string Find()
    {
        for (DirectoryInfo? d = new(AppContext.BaseDirectory); d is not null; d = d.Parent)
        {
            if (File.Exists(Path.Combine(d.FullName, "Margay.slnx"))) return Path.Combine(d.FullName, "out", "bin");
        }
        return "/usr/local/bin";
    }
}
