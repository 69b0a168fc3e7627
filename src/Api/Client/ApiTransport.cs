using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Margay.Api.Resources;

namespace Margay.Api.Client;

/// <summary>
/// One server over HTTP/1.1: kept connections, no proxies, no redirects, errors as values. Thread-safe. Requests that are safe to repeat are.
/// </summary>
internal sealed class ApiTransport : IDisposable
{
    private const int MaxErrorBytes = 256 * 1024;

    private readonly HttpClient _http;
    private readonly ClientOptions _options;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly string _prefix;

    public ApiTransport(ClientOptions options, TimeProvider time, Random random, HttpMessageHandler? handler)
    {
        _options = options;
        _time = time;
        _random = random;
        _prefix = options.Server.GetLeftPart(UriPartial.Path).TrimEnd('/');
        _http = new HttpClient(handler ?? MakeHandler(options), disposeHandler: handler is null)
        {
            Timeout = Timeout.InfiniteTimeSpan,
            DefaultRequestVersion = HttpVersion.Version11,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
    }

    public ClientOptions Options => _options;
    public TimeProvider Time => _time;

    public void Dispose() => _http.Dispose();

    /// <summary>Sends one request and reads the whole answer.</summary>
    public async Task<ApiResult<byte[]>> SendAsync(
        HttpMethod method, string path, ReadOnlyMemory<byte> body, string? contentType, CancellationToken cancel)
    {
        bool repeatable = method == HttpMethod.Get || method == HttpMethod.Delete || method == HttpMethod.Put;
        for (int attempt = 0; ; attempt++)
        {
            (ApiResult<byte[]> result, bool mayRepeat) = await SendOnceAsync(method, path, body, contentType, cancel);
            // An earlier attempt may have been carried out although its answer was lost.
            if (attempt > 0 && method == HttpMethod.Delete && result.Error?.Reason == ApiErrorReason.NotFound) return Array.Empty<byte>();
            if (result.IsOk || !mayRepeat || !repeatable || attempt >= _options.Retries) return result;
            await BackOffAsync(attempt, cancel);
        }
    }

    /// <summary>Opens an endless answer; the caller disposes the response.</summary>
    public async Task<ApiResult<HttpResponseMessage>> OpenStreamAsync(string path, CancellationToken cancel)
    {
        try
        {
            using HttpRequestMessage request = MakeRequest(HttpMethod.Get, path);
            using var limit = new CancellationTokenSource(_options.RequestTimeout, _time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancel);
            HttpResponseMessage response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            if (response.IsSuccessStatusCode) return response;
            using (response) return await ReadErrorAsync(response, either.Token);
        }
        catch (Exception e) when (IsExpected(e, cancel))
        {
            return Explain(e);
        }
    }

    /// <summary>Waits before the next attempt: twice as long each time, half of it by chance.</summary>
    public Task BackOffAsync(int attempt, CancellationToken cancel)
    {
        double most = Math.Min(_options.MaxBackoff.TotalMilliseconds, _options.FirstBackoff.TotalMilliseconds * Math.Pow(2, Math.Min(attempt, 20)));
        double share;
        lock (_random) share = _random.NextDouble();
        return Task.Delay(TimeSpan.FromMilliseconds(most * (0.5 + (share / 2))), _time, cancel);
    }

    /// <summary>Whether an exception is the network's (or a time limit's), not a bug's and not the caller's cancellation.</summary>
    public static bool IsExpected(Exception e, CancellationToken cancel) =>
        e is HttpRequestException or IOException or UnauthorizedAccessException || (e is OperationCanceledException && !cancel.IsCancellationRequested);

    public ApiError Explain(Exception e)
    {
        if (e is OperationCanceledException)
            return new ApiError { Reason = ApiErrorReason.Timeout, Message = $"{_options.Server} did not answer within {_options.RequestTimeout.TotalSeconds:0} s; whether it did what was asked is not known" };
        if (e is FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException)
            return new ApiError { Reason = ApiErrorReason.Unauthorized, Message = $"cannot read the token file {_options.TokenFile}: {e.Message}" };
        string cause = e.InnerException is System.Security.Authentication.AuthenticationException tls
            ? $"{tls.Message} Give the authority that signed its certificate with --ca-file"
            : (e.InnerException ?? e).Message;
        return new ApiError { Reason = ApiErrorReason.Unreachable, Message = $"cannot reach the server at {_options.Server}: {cause}" };
    }

    private async Task<(ApiResult<byte[]> Result, bool MayRepeat)> SendOnceAsync(
        HttpMethod method, string path, ReadOnlyMemory<byte> body, string? contentType, CancellationToken cancel)
    {
        try
        {
            using HttpRequestMessage request = MakeRequest(method, path);
            if (contentType is not null)
            {
                request.Content = new ReadOnlyMemoryContent(body);
                request.Content.Headers.ContentType = new MediaTypeHeaderValue(contentType);
            }

            using var limit = new CancellationTokenSource(_options.RequestTimeout, _time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancel);
            using HttpResponseMessage response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            TellWarnings(response);
            if (response.IsSuccessStatusCode) return (await response.Content.ReadAsByteArrayAsync(either.Token), false);
            ApiError error = await ReadErrorAsync(response, either.Token);
            return (error, error.Reason == ApiErrorReason.Busy);
        }
        catch (Exception e) when (IsExpected(e, cancel))
        {
            ApiError error = Explain(e);
            return (error, error.Reason == ApiErrorReason.Unreachable);
        }
    }

    private void TellWarnings(HttpResponseMessage response)
    {
        if (_options.OnWarning is not { } tell || response.Headers.Warning.Count == 0) return;
        foreach (WarningHeaderValue warning in response.Headers.Warning) tell(warning.Text.Trim('"').Replace("\\\"", "\"", StringComparison.Ordinal));
    }

    private HttpRequestMessage MakeRequest(HttpMethod method, string path)
    {
        var request = new HttpRequestMessage(method, _prefix + path);
        request.Headers.TryAddWithoutValidation("Accept", "application/json");
        request.Headers.TryAddWithoutValidation("User-Agent", _options.UserAgent);
        if (_options.TokenFile is { } file) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", File.ReadAllText(file).Trim());
        return request;
    }

    private async Task<ApiError> ReadErrorAsync(HttpResponseMessage response, CancellationToken cancel)
    {
        Status? status = null;
        byte[] body = await ReadSomeAsync(response.Content, cancel);
        try
        {
            status = JsonSerializer.Deserialize(body, ApiJsonContext.Default.Status);
            if (status?.Kind != "Status") status = null;
        }
        catch (JsonException)
        {
            // Not ours: a proxy, or another program on this port. The status line says what there is to say.
        }

        ApiErrorReason reason = ReasonOf(response.StatusCode, status);
        string said = status?.Message ?? $"HTTP {(int)response.StatusCode} {response.ReasonPhrase}";
        return new ApiError { Reason = reason, Status = status, Message = said + Remedy(reason) };
    }

    private static async Task<byte[]> ReadSomeAsync(HttpContent content, CancellationToken cancel)
    {
        await using Stream stream = await content.ReadAsStreamAsync(cancel);
        byte[] buffer = new byte[MaxErrorBytes];
        int length = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancel);
        return buffer[..length];
    }

    private string Remedy(ApiErrorReason reason) => reason switch
    {
        ApiErrorReason.Unauthorized when _options.TokenFile is null => $" ({_options.Server} wants a token: give its file with --token-file or MARGAY_TOKEN_FILE)",
        ApiErrorReason.Unauthorized => $" (the token in {_options.TokenFile} is not accepted by {_options.Server})",
        ApiErrorReason.Forbidden => " (the token does not allow this)",
        _ => "",
    };

    private static ApiErrorReason ReasonOf(HttpStatusCode code, Status? status) => code switch
    {
        HttpStatusCode.Unauthorized => ApiErrorReason.Unauthorized,
        HttpStatusCode.Forbidden => ApiErrorReason.Forbidden,
        HttpStatusCode.NotFound => ApiErrorReason.NotFound,
        HttpStatusCode.Conflict => status?.Reason == "AlreadyExists" ? ApiErrorReason.AlreadyExists : ApiErrorReason.Conflict,
        HttpStatusCode.Gone => ApiErrorReason.Expired,
        HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable => ApiErrorReason.Busy,
        >= HttpStatusCode.BadRequest and < HttpStatusCode.InternalServerError => ApiErrorReason.Invalid,
        _ => ApiErrorReason.Server,
    };

    private static SocketsHttpHandler MakeHandler(ClientOptions options)
    {
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            ConnectTimeout = options.ConnectTimeout,
            ActivityHeadersPropagator = null,
            // Longer than the pause between two attachments, shorter than the server's own limit.
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(100),
        };
        if (options.CaFile is { } file) Trust(handler.SslOptions, file);
        return handler;
    }

    private static void Trust(SslClientAuthenticationOptions tls, string caFile)
    {
        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPemFile(caFile);
        tls.CertificateChainPolicy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
        };
        tls.CertificateChainPolicy.CustomTrustStore.AddRange(authorities);
    }
}
