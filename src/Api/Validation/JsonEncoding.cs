using System.Text.Json;
using System.Text.Unicode;

namespace Margay.Api.Validation;

/// <summary>Whether the strings of a JSON text are Unicode. The JSON reader does not check it, and throws when such a string is read.</summary>
internal static class JsonEncoding
{
    public static bool IsValid(ReadOnlySpan<byte> json)
    {
        if (!Utf8.IsValid(json)) return false;
        // Only an escaped surrogate can be half of a pair now.
        return json.IndexOf("\\ud"u8) < 0 && json.IndexOf("\\uD"u8) < 0 || CanReadAll(json);
    }

    private static bool CanReadAll(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 1000 });
        try
        {
            while (reader.Read())
                if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName) reader.GetString();
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }
}
