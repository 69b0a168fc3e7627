using Margay.Ctl;

return await CommandLine.RunAsync(args);
