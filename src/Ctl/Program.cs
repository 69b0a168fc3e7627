using Margay.Ctl;

return await CommandLine.RunAsync(args, Terminal.OfProcess());
