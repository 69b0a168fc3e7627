using System.Globalization;
using System.Text;
using Margay.ApiServer.Registry;

namespace Margay.ApiServer.Rest;

/// <summary>The query parameters of a list or watch, as Kubernetes defines them.</summary>
internal sealed record ListOptions
{
    public required ObjectFilter Filter { get; init; }
    public bool Watch { get; init; }

    /// <summary>Null when not given; 0 means any.</summary>
    public long? ResourceVersion { get; init; }

    /// <summary>Exact or NotOlderThan.</summary>
    public string? ResourceVersionMatch { get; init; }

    public bool AllowBookmarks { get; init; }

    /// <summary>A watch begins with everything there is, and then a bookmark that says so.</summary>
    public bool SendInitialEvents { get; init; }

    public TimeSpan? Timeout { get; init; }
    public int Limit { get; init; }
    public string? Continue { get; init; }

    public static Outcome<ListOptions> Read(IQueryCollection query, string? name)
    {
        Outcome<ObjectFilter> filter = ObjectFilter.Parse(query["labelSelector"], query["fieldSelector"], name);
        if (filter.IsRefused(out Api.Resources.Status refusal)) return refusal;
        if (!TryNumber(query["resourceVersion"], out long? version)) return Statuses.BadRequest($"resourceVersion: \"{query["resourceVersion"]}\" is not a number");
        if (!TryNumber(query["limit"], out long? limit)) return Statuses.BadRequest($"limit: \"{query["limit"]}\" is not a number");
        if (!TryNumber(query["timeoutSeconds"], out long? timeout)) return Statuses.BadRequest($"timeoutSeconds: \"{query["timeoutSeconds"]}\" is not a number");
        string? match = Text(query["resourceVersionMatch"]);
        if (match is not (null or "Exact" or "NotOlderThan")) return Statuses.BadRequest($"resourceVersionMatch: \"{match}\" is neither Exact nor NotOlderThan");
        bool watch = IsTrue(query["watch"]), initial = IsTrue(query["sendInitialEvents"]);
        if (match is not null && !watch && version is null) return Statuses.BadRequest("resourceVersionMatch needs a resourceVersion");
        if (initial && (!watch || match != "NotOlderThan")) return Statuses.BadRequest("sendInitialEvents needs watch and resourceVersionMatch=NotOlderThan");
        return new ListOptions
        {
            Filter = filter.Value!,
            Watch = watch,
            ResourceVersion = version,
            ResourceVersionMatch = match,
            AllowBookmarks = IsTrue(query["allowWatchBookmarks"]),
            SendInitialEvents = initial,
            Timeout = timeout is > 0 ? TimeSpan.FromSeconds(Math.Min(timeout.Value, 86_400)) : null,
            Limit = (int)Math.Min(limit ?? 0, int.MaxValue),
            Continue = Text(query["continue"]),
        };
    }

    private static string? Text(string? value) => string.IsNullOrEmpty(value) ? null : value;
    private static bool IsTrue(string? value) => value is "1" or "true" or "True" or "t" or "T";

    private static bool TryNumber(string? text, out long? number)
    {
        number = null;
        if (string.IsNullOrEmpty(text)) return true;
        if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long parsed)) return false;
        number = parsed;
        return true;
    }
}

/// <summary>Where a list that was cut goes on: after a key, at the revision of its first part. Opaque to clients.</summary>
internal readonly record struct ContinueToken(long Revision, string AfterKey)
{
    public override string ToString() => System.Buffers.Text.Base64Url.EncodeToString(Encoding.UTF8.GetBytes($"{Revision} {AfterKey}"));

    public static ContinueToken? Parse(string text)
    {
        try
        {
            string[] parts = Encoding.UTF8.GetString(System.Buffers.Text.Base64Url.DecodeFromChars(text)).Split(' ', 2);
            bool valid = parts.Length == 2 && parts[1].StartsWith(ObjectKeys.Objects, StringComparison.Ordinal);
            return valid && long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out long revision) ? new ContinueToken(revision, parts[1]) : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }
}
