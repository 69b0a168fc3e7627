using Margay.ApiServer.Options;
using Margay.ApiServer;

// The program margay-server: options ─► Server ─► exit status. See Server.cs for what is built, and in what order it stops.
return await ServerCommand.Build(Server.RunAsync).Parse(args).InvokeAsync();
