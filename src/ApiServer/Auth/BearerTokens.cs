using System.Security.Cryptography;
using System.Text;
using Margay.ApiServer.Options;

namespace Margay.ApiServer.Auth;

/// <summary>The tokens that let a client in (RFC 6750): one per line of a file; empty lines and lines that begin with # are skipped.</summary>
internal sealed class BearerTokens
{
    /// <summary>Shorter ones can be guessed.</summary>
    private const int MinLength = 16;

    private readonly byte[][] _hashes;

    private BearerTokens(byte[][] hashes) => _hashes = hashes;

    /// <summary>Throws <see cref="OptionException"/> when the file cannot be read or has no usable token.</summary>
    public static BearerTokens Read(string path)
    {
        string[] lines;
        try
        {
            lines = File.ReadAllLines(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OptionException("--token-file", e.Message);
        }
        string[] tokens = [.. lines.Select(l => l.Trim()).Where(l => l.Length > 0 && l[0] != '#')];
        if (tokens.Length == 0) throw new OptionException("--token-file", $"{path} holds no token; write one with: head -c 32 /dev/urandom | base64 > {path}");
        if (tokens.Any(t => t.Length < MinLength)) throw new OptionException("--token-file", $"{path} holds a token of fewer than {MinLength} characters, which can be guessed");
        return new BearerTokens([.. tokens.Select(t => SHA256.HashData(Encoding.UTF8.GetBytes(t)))]);
    }

    /// <summary>Takes the same time for every header of one length: hashes are compared, and all of them.</summary>
    public bool Accept(string? authorization)
    {
        const string Scheme = "Bearer ";
        if (authorization is null || !authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)) return false;
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes(authorization[Scheme.Length..].Trim()));
        bool accepted = false;
        foreach (byte[] known in _hashes) accepted |= CryptographicOperations.FixedTimeEquals(known, hash);
        return accepted;
    }
}
