namespace Margay.Cni.Config;

/// <summary>CNI_ARGS: <c>KEY=VALUE;KEY=VALUE</c>. Unknown keys are a fault unless IgnoreUnknown says otherwise.</summary>
internal sealed record CniArgs
{
    public string? PodName { get; init; }
    public string? PodNamespace { get; init; }
    public string? Ip { get; init; }
    public string? Mac { get; init; }

    /// <summary>MARGAY_NETWORK.</summary>
    public string? Network { get; init; }

    public static CniArgs Parse(string? text, Faults faults)
    {
        CniArgs args = new();
        bool ignoreUnknown = false;
        List<string> unknown = [];
        foreach (string pair in (text ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            int equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                faults.Invalid("CNI_ARGS", $"'{pair}' is not KEY=VALUE");
                continue;
            }
            string key = pair[..equals], value = pair[(equals + 1)..];
            switch (key)
            {
                case "IgnoreUnknown": ignoreUnknown = value is "1" or "true" or "True" or "TRUE" or "t" or "T"; break;
                case "K8S_POD_NAME": args = args with { PodName = NullIfEmpty(value) }; break;
                case "K8S_POD_NAMESPACE": args = args with { PodNamespace = NullIfEmpty(value) }; break;
                case "K8S_POD_INFRA_CONTAINER_ID" or "K8S_POD_UID": break;
                case "IP": args = args with { Ip = NullIfEmpty(value) }; break;
                case "MARGAY_NETWORK": args = args with { Network = NullIfEmpty(value) }; break;
                case "MAC": args = args with { Mac = NullIfEmpty(value) }; break;
                default: unknown.Add(key); break;
            }
        }
        if (unknown.Count > 0 && !ignoreUnknown)
            faults.Invalid("CNI_ARGS", $"does not know {string.Join(", ", unknown)}; add IgnoreUnknown=1 to pass them by");
        return args;
    }

    private static string? NullIfEmpty(string value) => value.Length == 0 ? null : value;
}
