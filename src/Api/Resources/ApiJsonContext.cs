using System.Text.Json.Serialization;
using Margay.Api.Attach;
using Margay.Api.NodeSync;

namespace Margay.Api.Resources;

/// <summary>How every API object is written: camelCase, nothing for null, enums by name.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(Node))]
[JsonSerializable(typeof(Namespace))]
[JsonSerializable(typeof(IPPool))]
[JsonSerializable(typeof(IPAMBlock))]
[JsonSerializable(typeof(BGPConfiguration))]
[JsonSerializable(typeof(BGPPeer))]
[JsonSerializable(typeof(BGPFilter))]
[JsonSerializable(typeof(BgpFilterView))]
[JsonSerializable(typeof(WorkloadEndpoint))]
[JsonSerializable(typeof(Profile))]
[JsonSerializable(typeof(NetworkPolicy))]
[JsonSerializable(typeof(GlobalNetworkPolicy))]
[JsonSerializable(typeof(NetworkSet))]
[JsonSerializable(typeof(GlobalNetworkSet))]
[JsonSerializable(typeof(Tier))]
[JsonSerializable(typeof(HostEndpoint))]
[JsonSerializable(typeof(StagedNetworkPolicy))]
[JsonSerializable(typeof(StagedGlobalNetworkPolicy))]
[JsonSerializable(typeof(StagedKubernetesNetworkPolicy))]
[JsonSerializable(typeof(KubernetesNetworkPolicy))]
[JsonSerializable(typeof(ClusterNetworkPolicy))]
[JsonSerializable(typeof(EndpointSlice))]
[JsonSerializable(typeof(FelixConfiguration))]
[JsonSerializable(typeof(VirtualNetwork))]
[JsonSerializable(typeof(FloatingIP))]
[JsonSerializable(typeof(ResourceList))]
[JsonSerializable(typeof(WatchEvent))]
[JsonSerializable(typeof(Status))]
[JsonSerializable(typeof(ViewDelta))]
[JsonSerializable(typeof(BlockClaimRequest))]
[JsonSerializable(typeof(BlockClaimReply))]
[JsonSerializable(typeof(AgentRequest))]
[JsonSerializable(typeof(AgentReply))]
public sealed partial class ApiJsonContext : JsonSerializerContext;
