using System.Net;
using System.Text;
using Margay.Agent.Attach;
using Margay.Agent.Sync;
using Margay.Api.Client;

namespace Margay.Agent.Tests.Sync;

/// <summary>Which record is deleted, and when the deletion counts as done.</summary>
public sealed class ServerWritesTests : IDisposable
{
    private static readonly AttachmentRecord s_record = new()
    {
        Phase = AttachmentPhase.Leaving, ContainerId = "c", Interface = "eth0", NetworkNamespace = "", Namespace = "ns", Name = "w", HostInterface = "mga", Mac = "", Addresses = [],
    };

    private readonly Script _server = new();
    private readonly MargayClient _client;
    private readonly ServerWrites _writes;

    public ServerWritesTests()
    {
        _client = new MargayClient(new ClientOptions { Server = new Uri("http://127.0.0.1:1"), Retries = 0 }, handler: _server);
        _writes = new ServerWrites(_client, new NodeSyncClient(_client, "n1"), new StatusReporter(_client, TimeProvider.System));
    }

    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
    }

    [Fact]
    public async Task AKnownObject_IsDeletedByItsUid_InOneRequest()
    {
        _server.Answer(HttpStatusCode.OK, "{}");
        Assert.Null(await _writes.DeleteEndpointAsync(s_record with { Uid = "u1" }));
        Assert.Equal("""DELETE {"preconditions":{"uid":"u1"}}""", Assert.Single(_server.Requests));
    }

    [Fact]
    public async Task WithoutUid_WhatIsThereTells()
    {
        _server.Answer(HttpStatusCode.OK, Endpoint("c", "u2")).Answer(HttpStatusCode.OK, "{}");
        Assert.Null(await _writes.DeleteEndpointAsync(s_record));
        Assert.Equal(["GET ", """DELETE {"preconditions":{"uid":"u2"}}"""], _server.Requests);
    }

    [Fact]
    public async Task AnObjectWrittenAnew_IsDeletedAllTheSame()
    {
        _server.Answer(HttpStatusCode.Conflict, "{}").Answer(HttpStatusCode.OK, Endpoint("c", "u2")).Answer(HttpStatusCode.OK, "{}");
        Assert.Null(await _writes.DeleteEndpointAsync(s_record with { Uid = "u1" }));
        Assert.Equal("""DELETE {"preconditions":{"uid":"u2"}}""", _server.Requests[^1]);
    }

    [Fact]
    public async Task AnObjectOfAnother_IsLeft()
    {
        _server.Answer(HttpStatusCode.Conflict, "{}").Answer(HttpStatusCode.OK, Endpoint("other", "u2"));
        Assert.Null(await _writes.DeleteEndpointAsync(s_record with { Uid = "u1" }));
        Assert.Equal(2, _server.Requests.Count);
    }

    [Theory]
    [InlineData(HttpStatusCode.Conflict)] // raced with another writer: it may be there still
    [InlineData(HttpStatusCode.ServiceUnavailable)]
    public async Task WhatMayStillBeThere_IsNotGone(HttpStatusCode code)
    {
        _server.Answer(code, "{}").Answer(HttpStatusCode.OK, Endpoint("c", "u1")).Answer(code, "{}");
        Assert.NotNull(await _writes.DeleteEndpointAsync(s_record with { Uid = "u1" }));
    }

    private static string Endpoint(string container, string uid) => $$$"""
        {"apiVersion":"projectcalico.org/v3","kind":"WorkloadEndpoint","metadata":{"name":"w","namespace":"ns","uid":"{{{uid}}}","resourceVersion":"5"},
         "spec":{"node":"n1","orchestrator":"cni","workload":"c","containerID":"{{{container}}}","endpoint":"eth0","interfaceName":"mga","ipNetworks":["10.65.0.1/32"]}}
        """;

    private sealed class Script : HttpMessageHandler
    {
        private readonly Queue<(HttpStatusCode Code, string Body)> _answers = new();

        public List<string> Requests { get; } = [];

        public Script Answer(HttpStatusCode code, string body)
        {
            _answers.Enqueue((code, body));
            return this;
        }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Requests.Add($"{request.Method} {(request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken))}");
            (HttpStatusCode code, string body) = _answers.Dequeue();
            return new HttpResponseMessage(code) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        }
    }
}
