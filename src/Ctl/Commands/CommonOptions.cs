using System.CommandLine;
using Margay.Api.Resources;

namespace Margay.Ctl.Commands;

/// <summary>Options and arguments that several verbs share. Each call makes a new one, as the parser wants them.</summary>
internal static class CommonOptions
{
    public static Option<string[]> Files() => new("--filename", "-f")
    {
        HelpName = "PATH",
        Description = "manifest: a file, a folder, or - for standard input; may be repeated",
        Required = true,
        Arity = ArgumentArity.OneOrMore,
    };

    public static Option<bool> Recursive() => new("--recursive", "-R") { Description = "look into the folders of a folder too" };

    public static Option<string?> Namespace() => new("--namespace", "-n") { HelpName = "NAMESPACE", Description = "namespace of objects that name none [default]" };

    public static Option<bool> AllNamespaces() => new("--all-namespaces", "-A") { Description = "objects of every namespace" };

    public static Option<string?> LabelSelector() => new("--selector", "-l") { HelpName = "LABELS", Description = "only objects with these labels, in the form of Kubernetes: app=web,rack!=1" };

    public static Option<bool> NoValidation() => new("--no-validate") { Description = "leave all checking to the server, and send what can be sent" };

    public static Option<string> Output(params string[] forms)
    {
        var option = new Option<string>("--output", "-o") { HelpName = string.Join('|', forms), Description = $"form of the output [{forms[0]}]", DefaultValueFactory = _ => forms[0] };
        option.AcceptOnlyFromAmong(forms);
        return option;
    }

    public static Argument<string[]> Targets(string description)
    {
        var argument = new Argument<string[]>("TARGET") { HelpName = "TARGET", Description = description, Arity = ArgumentArity.OneOrMore };
        argument.CompletionSources.Add(_ => ResourceKinds.All.Select(k => new System.CommandLine.Completions.CompletionItem(k.Plural)));
        return argument;
    }
}
