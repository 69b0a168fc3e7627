namespace Margay.Lab;

/// <summary>Progress, for a person to read: a step begins, is done, or says something on the way.</summary>
/// <param name="Step">What is done, such as "switches".</param>
/// <param name="Took">Set when it is done.</param>
/// <param name="Text">What was done, with numbers.</param>
public sealed record LabEvent(string Step, TimeSpan? Took, string Text);
