using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Margay.Bench.Server;

/// <summary>A client of a running server. Names are unique for each run; what it makes it removes, except for the namespace's events.</summary>
internal sealed class HttpBench(Uri url) : IDisposable
{
    private const string Endpoints = "/apis/projectcalico.org/v3/namespaces/default/workloadendpoints";
    private const string Sets = "/apis/projectcalico.org/v3/globalnetworksets";
    private readonly HttpClient _http = new(new SocketsHttpHandler { MaxConnectionsPerServer = 1000 }) { BaseAddress = url, Timeout = TimeSpan.FromMinutes(2) };
    private readonly string _run = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
    private int _addresses;

    private string Endpoint(string name)
    {
        int n = Interlocked.Increment(ref _addresses);
        return $$$"""{"metadata":{"name":"{{{name}}}","labels":{"app":"bench"}},"spec":{"orchestrator":"cni","workload":"bench","node":"bench-{{{_run}}}","endpoint":"eth0","interfaceName":"mg{{{n:x8}}}","ipNetworks":["10.{{{n >> 16 & 255}}}.{{{n >> 8 & 255}}}.{{{n & 255}}}/32"],"profiles":["projectcalico-default-allow"]} }""";
    }

    private async Task SendAsync(string method, string path, string? body = null, string type = "application/json")
    {
        using HttpRequestMessage request = new(new HttpMethod(method), path);
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, type);
        using HttpResponseMessage response = await _http.SendAsync(request);
        if (!response.IsSuccessStatusCode) throw new InvalidOperationException($"{method} {path}: {await response.Content.ReadAsStringAsync()}");
    }

    public async Task WritesAsync(int writers, TimeSpan duration)
    {
        Percentiles latencies = new();
        long started = Stopwatch.GetTimestamp();
        int[] counts = await Task.WhenAll(Enumerable.Range(0, writers).Select(w => Task.Run(async () =>
        {
            int n = 0;
            for (; Stopwatch.GetElapsedTime(started) < duration; n++)
            {
                string body = Endpoint($"b{_run}-{writers}-{w}-{n}");
                long begun = Stopwatch.GetTimestamp();
                await SendAsync("POST", Endpoints, body);
                latencies.Add(Stopwatch.GetElapsedTime(begun));
            }
            return n;
        })));
        Console.WriteLine($"HTTP, {writers,3} writers: {counts.Sum() / duration.TotalSeconds:0} durable WorkloadEndpoint creations/s; {latencies}");
        await SendAsync("DELETE", $"{Endpoints}?labelSelector=app%3Dbench");
    }

    public async Task FanOutAsync(int watchers, int changes)
    {
        string name = $"fan-{_run}";
        await SendAsync("POST", Sets, $$$"""{"metadata":{"name":"{{{name}}}"},"spec":{"nets":["10.0.0.0/8"]} }""");
        Percentiles latencies = new(), last = new(), answers = new();
        long[] sent = new long[changes];
        TaskCompletionSource[] seenByAll = [.. Enumerable.Range(0, changes).Select(_ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously))];
        int[] seen = new int[changes];
        List<HttpResponseMessage> responses = [];
        for (int i = 0; i < watchers; i++) responses.Add(await _http.GetAsync($"{Sets}?watch=1&fieldSelector=metadata.name%3D{name}", HttpCompletionOption.ResponseHeadersRead));
        Task[] readers = [.. responses.Select(r => Task.Run(async () =>
        {
            using StreamReader reader = new(await r.Content.ReadAsStreamAsync());
            await reader.ReadLineAsync();
            for (int i = 0; i < changes; i++)
            {
                await reader.ReadLineAsync();
                TimeSpan latency = Stopwatch.GetElapsedTime(Volatile.Read(ref sent[i]));
                latencies.Add(latency);
                if (Interlocked.Increment(ref seen[i]) != watchers) continue;
                last.Add(latency);
                seenByAll[i].SetResult();
            }
        }))];
        for (int i = 0; i < changes; i++)
        {
            Volatile.Write(ref sent[i], Stopwatch.GetTimestamp());
            await SendAsync("PATCH", $"{Sets}/{name}", $$$"""{"metadata":{"labels":{"n":"{{{i}}}"} } }""", "application/merge-patch+json");
            answers.Add(Stopwatch.GetElapsedTime(sent[i]));
            await seenByAll[i].Task;
        }
        await Task.WhenAll(readers);
        Console.WriteLine($"fan-out, {watchers} watchers, from sending the PATCH to the event read: {latencies}");
        Console.WriteLine($"  by the last of them: {last}");
        Console.WriteLine($"  PATCH answered: {answers}");
        foreach (HttpResponseMessage response in responses) response.Dispose();
        await SendAsync("DELETE", $"{Sets}/{name}");
    }

    public async Task NodeStreamAsync(int changes)
    {
        using HttpResponseMessage stream = await _http.GetAsync($"/nodesync/v1/nodes/bench-{_run}/view", HttpCompletionOption.ResponseHeadersRead);
        using StreamReader reader = new(await stream.Content.ReadAsStreamAsync());
        await reader.ReadLineAsync();
        Percentiles latencies = new(), answers = new();
        for (int i = 0; i < changes; i++)
        {
            string body = Endpoint($"s{_run}-{i}");
            long sent = Stopwatch.GetTimestamp();
            Task post = SendAsync("POST", Endpoints, body);
            while ((await reader.ReadLineAsync())?.Contains($"/s{_run}-{i}\"", StringComparison.Ordinal) is false) { }
            latencies.Add(Stopwatch.GetElapsedTime(sent));
            await post;
            answers.Add(Stopwatch.GetElapsedTime(sent));
        }
        Console.WriteLine($"node stream, from sending the POST of a WorkloadEndpoint to its line read: {latencies}");
        Console.WriteLine($"  POST answered and line read: {answers}");
        await SendAsync("DELETE", $"{Endpoints}?labelSelector=app%3Dbench");
    }

    public void Dispose() => _http.Dispose();
}
