using Margay.Api.Resources;
using Margay.ApiServer.Admission;
using Margay.Store;

namespace Margay.ApiServer.Registry;

/// <summary>What a new store begins with: the namespace "default", the profile that lets everything pass, and the reserved tiers.</summary>
internal static class BuiltIns
{
    /// <summary>Makes what is missing. Throws <see cref="StoreOpenException"/> when the store takes no writes.</summary>
    public static async Task EnsureAsync(IStore store, TimeProvider time)
    {
        DateTimeOffset now = DateTimeOffset.FromUnixTimeSeconds(time.GetUtcNow().ToUnixTimeSeconds());
        Rule[] allow = [new Rule { Action = RuleAction.Allow }];
        await EnsureAsync(store, ResourceKinds.Namespace, new Namespace { Metadata = Meta(NamespaceRules.Default, now), Status = new NamespaceStatus { Phase = "Active" } }).ConfigureAwait(false);
        await EnsureAsync(store, ResourceKinds.Profile, new Profile { Metadata = Meta(ProfileRules.AllowAll, now), Spec = new ProfileSpec { Ingress = allow, Egress = allow } }).ConfigureAwait(false);
        foreach (string tier in TierRules.Reserved)
            await EnsureAsync(store, ResourceKinds.Tier, new Tier { Metadata = Meta(tier, now), Spec = TierSpec.OfReserved(tier)! }).ConfigureAwait(false);
    }

    private static ObjectMeta Meta(string name, DateTimeOffset now) => new() { Name = name, Uid = Guid.NewGuid().ToString(), CreationTimestamp = now, Generation = 1 };

    // Past admission, which protects these very objects.
    private static async Task EnsureAsync(IStore store, ResourceKind kind, Resource resource)
    {
        byte[] bytes = StoredObject.EncodeForStore(kind, resource with { ApiVersion = kind.ApiVersion, Kind = kind.Kind });
        WriteResult result = await store.WriteAsync(StoreTransaction.Of(StoreWrite.Create(ObjectKeys.Of(kind, null, resource.Name), bytes))).ConfigureAwait(false);
        if (result.Outcome == WriteOutcome.Unavailable) throw new StoreOpenException(result.Error!);
    }
}
