namespace Margay.Bgp.Tests;

/// <summary>Tests that measure what the whole process uses, and so run beside no others.</summary>
[CollectionDefinition(DisableParallelization = true)]
public class Alone;
