namespace Margay.Cni;

/// <summary>What the process prints on standard output and exits with.</summary>
internal readonly record struct Outcome(int ExitCode, byte[] Output)
{
    public static Outcome Nothing => new(0, []);

    public static Outcome Success(byte[] json) => new(0, json);

    public static Outcome Failure(string cniVersion, CniError error)
    {
        JsonText json = new();
        json.BeginObject()
            .Property("cniVersion", cniVersion)
            .Property("code", (int)error.Code)
            .Property("msg", error.Message);
        if (error.Details is not null) json.Property("details", error.Details);
        return new Outcome(1, json.EndObject().ToUtf8());
    }
}
