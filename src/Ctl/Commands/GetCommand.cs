using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Margay.Api.Client;
using Margay.Api.Resources;
using Margay.Api.Validation;
using Margay.Ctl.Manifests;
using Margay.Ctl.Output;
using Margay.Ctl.Settings;

namespace Margay.Ctl.Commands;

/// <summary><c>margay get</c></summary>
internal static class GetCommand
{
    public static Command Build(Terminal terminal, Connection connection)
    {
        Argument<string[]> words = CommonOptions.Targets("KIND, KIND,KIND, KIND NAME… or KIND/NAME…");
        Option<string?> ns = CommonOptions.Namespace();
        Option<bool> all = CommonOptions.AllNamespaces();
        Option<string?> labels = CommonOptions.LabelSelector();
        Option<string> output = CommonOptions.Output("table", "wide", "yaml", "json", "name");
        var watch = new Option<bool>("--watch", "-w") { Description = "go on with each change until interrupted" };
        var command = new Command("get", "Show objects.") { words, ns, all, labels, output, watch };
        command.SetAction(async (parsed, cancel) =>
        {
            if (Targets.Parse(parsed.GetValue(words)!, out string fault) is not { } targets) return terminal.Fail(fault);
            if (parsed.GetValue(all) && targets.Any(t => t.Names.Count > 0)) return terminal.Fail("a name needs its namespace: leave --all-namespaces out");
            using MargayClient client = connection.Connect(parsed);
            var get = new Getter(terminal, client, parsed.GetValue(all) ? null : parsed.GetValue(ns) ?? "default", parsed.GetValue(labels), parsed.GetValue(output)!);
            if (!parsed.GetValue(watch)) return await get.ShowAsync(targets, cancel);
            if (targets.Count != 1) return terminal.Fail("only one kind can be watched at a time");
            return await new Watcher(terminal, client, targets[0], parsed.GetValue(all) ? null : parsed.GetValue(ns) ?? "default", parsed.GetValue(labels), parsed.GetValue(output)!).RunAsync(cancel);
        });
        return command;
    }

    private sealed class Getter(Terminal terminal, MargayClient client, string? ns, string? labels, string output)
    {
        private bool _failed;

        public async Task<int> ShowAsync(IReadOnlyList<Target> targets, CancellationToken cancel)
        {
            var found = new List<(ResourceKind Kind, JsonElement Json)>();
            foreach (Target target in targets)
                foreach (JsonElement item in await ReadAsync(target, cancel)) found.Add((target.Kind, item));
            bool isOne = targets is [{ Names.Count: 1 }];
            if (output is "yaml" or "json")
            {
                if (found.Count > 0 || !isOne) WriteDocument(isOne ? found[0].Json : AsList(found));
            }
            else
            {
                WriteTables(found, [.. targets.Select(t => t.Kind).Distinct()]);
            }

            return _failed ? ExitStatus.Failed : ExitStatus.Done;
        }

        private async Task<IReadOnlyList<JsonElement>> ReadAsync(Target target, CancellationToken cancel)
        {
            if (target.Names.Count == 0)
            {
                ApiResult<ResourcePage<JsonElement>> page = await client.ListAsync(target.Kind, ns, labels, cancel);
                if (page.TryGet(out ResourcePage<JsonElement> all, out ApiError error)) return all.Items;
                Fail(error.Message);
                return [];
            }

            var items = new List<JsonElement>();
            foreach (string name in target.Names)
            {
                ApiResult<JsonElement> one = await client.SendJsonAsync(HttpMethod.Get, ResourceUrls.Of(target.Kind, ns, name), cancel: cancel);
                if (one.TryGet(out JsonElement json, out ApiError error)) items.Add(json);
                else Fail(error.Message);
            }

            return items;
        }

        private void Fail(string message)
        {
            _failed = true;
            terminal.Fail(message);
        }

        private void WriteDocument(JsonElement json) =>
            terminal.Out.Write(output == "yaml" ? YamlText.Write(json) : JsonText.Write(json) + "\n");

        private static JsonElement AsList(IReadOnlyList<(ResourceKind Kind, JsonElement Json)> found)
        {
            var items = new JsonArray();
            foreach ((ResourceKind kind, JsonElement json) in found)
            {
                // In this order, and also where the server leaves them out of lists.
                var item = new JsonObject { ["apiVersion"] = kind.ApiVersion, ["kind"] = kind.Kind };
                foreach ((string name, JsonNode? value) in JsonNode.Parse(json.GetRawText())!.AsObject())
                    if (name is not ("apiVersion" or "kind")) item[name] = value?.DeepClone();
                items.Add((JsonNode)item);
            }

            string text = new JsonObject { ["apiVersion"] = "v1", ["kind"] = "List", ["items"] = items }.ToJsonString();
            var reader = new Utf8JsonReader(System.Text.Encoding.UTF8.GetBytes(text));
            return JsonElement.ParseValue(ref reader);
        }

        private void WriteTables(IReadOnlyList<(ResourceKind Kind, JsonElement Json)> found, IReadOnlyList<ResourceKind> kinds)
        {
            bool isFirst = true;
            foreach (ResourceKind kind in kinds)
            {
                List<Resource> objects = [.. found.Where(f => f.Kind == kind).Select(f => ResourceDecoder.Decode(f.Json, kind, UnknownFields.Ignore).Resource).OfType<Resource>()];
                if (output == "name")
                {
                    foreach (Resource resource in objects) terminal.Out.WriteLine(Submission.TitleOf(kind, resource.Name));
                    continue;
                }

                if (objects.Count == 0)
                {
                    if (!_failed) terminal.Error.WriteLine($"no {kind.Plural}{(kind.Namespaced && ns is not null ? $" in the namespace {ns} (all namespaces: -A)" : "")}");
                    continue;
                }

                if (!isFirst) terminal.Out.WriteLine();
                isFirst = false;
                new ResourceTable(terminal, kind, showNamespace: ns is null, isWide: output == "wide").Write(objects);
            }
        }
    }
}
