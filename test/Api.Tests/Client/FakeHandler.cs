using System.Net;
using System.Text;

namespace Margay.Api.Tests.Client;

/// <summary>Answers requests by a script and keeps what was asked.</summary>
internal sealed class FakeHandler : HttpMessageHandler
{
    private readonly Queue<Func<HttpRequestMessage, HttpResponseMessage>> _answers = new();

    public List<string> Requests { get; } = [];
    public List<string> Bodies { get; } = [];

    public FakeHandler Answer(HttpStatusCode code, string body, Action<HttpResponseMessage>? more = null)
    {
        _answers.Enqueue(_ =>
        {
            var response = new HttpResponseMessage(code) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
            more?.Invoke(response);
            return response;
        });
        return this;
    }

    public FakeHandler Break(Exception exception)
    {
        _answers.Enqueue(_ => throw exception);
        return this;
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Requests.Add($"{request.Method} {request.RequestUri!.PathAndQuery}");
        Bodies.Add(request.Content is null ? "" : $"{request.Content.Headers.ContentType} {await request.Content.ReadAsStringAsync(cancellationToken)}");
        if (_answers.Count == 0)
        {
            // The script is over: hang like a server that does not answer.
            await new TaskCompletionSource().Task.WaitAsync(cancellationToken);
        }

        return _answers.Dequeue()(request);
    }
}
