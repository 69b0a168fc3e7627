using System.CommandLine;

namespace Margay.Ctl.Commands;

/// <summary><c>margay completion</c>: the shell asks the program itself, so that a script never falls behind.</summary>
internal static class CompletionCommand
{
    private const string Bash =
        """
        # margay completion: source <(margay completion bash)
        _margay() {
            local IFS=$'\n'
            local line="${COMP_LINE:0:$COMP_POINT}"
            COMPREPLY=($(compgen -W "$(margay "[suggest:${#line}]" "$line" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
        }
        complete -o default -F _margay margay
        """;

    private const string Zsh =
        """
        #compdef margay
        # margay completion: source <(margay completion zsh)
        _margay() {
            local line="${BUFFER[1,$CURSOR]}"
            local -a words_found
            words_found=("${(@f)$(margay "[suggest:${#line}]" "$line" 2>/dev/null)}")
            compadd -- $words_found || _files
        }
        compdef _margay margay
        """;

    private const string Fish =
        """
        # margay completion: margay completion fish | source
        function __margay_complete
            set -l line (commandline -cp)
            margay "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null
        end
        complete -c margay -a "(__margay_complete)"
        """;

    public static Command Build(Terminal terminal)
    {
        var shell = new Argument<string>("SHELL") { HelpName = "SHELL", Description = "bash, zsh or fish" };
        shell.AcceptOnlyFromAmong("bash", "zsh", "fish");
        var command = new Command("completion", "Print the completion script of a shell.") { shell };
        command.SetAction(parsed => terminal.Out.WriteLine(parsed.GetValue(shell) switch { "bash" => Bash, "zsh" => Zsh, _ => Fish }));
        return command;
    }
}
