using System.Globalization;
using Margay.FirstPing.Bench;

// How soon a new workload answers, in the demo lab with real switches and native programs:
//
//   (no argument)   100 of each
//   workloads N     workloads in the default network
//   networks N      virtual networks made anew, with a workload on two hosts

string margay = Path.GetFullPath("out/bin/margay");
if (!File.Exists(margay))
{
    Console.Error.WriteLine($"{margay} is not there: run this from the checkout's root after 'make build'");
    return 1;
}
int count = args is [_, string given] ? int.Parse(given, CultureInfo.InvariantCulture) : 100;
try
{
    using DemoLab lab = new(margay);
    if (args is [] or ["workloads", ..]) WorkloadPing.Run(lab, count);
    Console.WriteLine();
    if (args is [] or ["networks", ..]) await NetworkPing.RunAsync(lab, count);
    return 0;
}
catch (InvalidOperationException e)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}
