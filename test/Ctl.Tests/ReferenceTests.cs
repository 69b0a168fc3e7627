namespace Margay.Ctl.Tests;

/// <summary>docs/cli.md says what the program does.</summary>
public class ReferenceTests
{
    [Fact]
    public void Reference_IsGeneratedFromTheCommandTree()
    {
        string path = Path.Combine(Root(), "docs", "cli.md");
        string text = ReferenceText.Write(CommandLine.Build(Terminal.OfProcess()));
        if (Environment.GetEnvironmentVariable("MARGAY_UPDATE_DOCS") == "1") File.WriteAllText(path, text);
        Assert.True(File.Exists(path) && File.ReadAllText(path) == text, "docs/cli.md is out of date: run this test with MARGAY_UPDATE_DOCS=1 and commit it");
    }

    [Fact]
    public void EveryVerbAndOption_IsDescribed()
    {
        var silent = new List<string>();
        void Look(System.CommandLine.Command command, string path)
        {
            if (string.IsNullOrEmpty(command.Description)) silent.Add(path);
            silent.AddRange(command.Options.Where(o => !o.Hidden && string.IsNullOrEmpty(o.Description)).Select(o => $"{path} {o.Name}"));
            silent.AddRange(command.Arguments.Where(a => !a.Hidden && string.IsNullOrEmpty(a.Description)).Select(a => $"{path} {a.Name}"));
            foreach (System.CommandLine.Command inner in command.Subcommands.Where(c => !c.Hidden)) Look(inner, $"{path} {inner.Name}");
        }

        Look(CommandLine.Build(Terminal.OfProcess()), "margay");
        Assert.Empty(silent);
    }

    private static string Root()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Margay.slnx"))) folder = Path.GetDirectoryName(folder);
        return folder ?? throw new InvalidOperationException("the repository is not around this program");
    }
}
