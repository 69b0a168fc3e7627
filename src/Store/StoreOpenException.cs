namespace Margay.Store;

/// <summary>The store could not be opened. The message says what was found, that nothing was changed, and the remedy.</summary>
public sealed class StoreOpenException : Exception
{
    public StoreOpenException(string message) : base(message) { }
    public StoreOpenException(string message, Exception inner) : base(message, inner) { }
    public StoreOpenException() { }
}
