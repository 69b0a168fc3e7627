using System.Text.Json;
using CsCheck;
using Margay.Api.Validation.Manifests;
using Margay.Ctl.Output;

namespace Margay.Ctl.Tests.Output;

public class YamlTextTests
{
    [Theory]
    [InlineData("""{"a":1,"b":[1,"x"],"c":{},"d":[],"e":{"f":true}}""", "a: 1\nb:\n- 1\n- x\nc: {}\nd: []\ne:\n  f: true\n")]
    [InlineData("""[{"a":1,"b":2},[3]]""", "- a: 1\n  b: 2\n- - 3\n")]
    [InlineData("""{"a":"yes","b":"1","c":"","d":"null","e":"0x1","f":"1e3","g":"12:30"}""", "a: 'yes'\nb: '1'\nc: ''\nd: 'null'\ne: '0x1'\nf: '1e3'\ng: '12:30'\n")]
    [InlineData("""{"a":"10.65.0.0/16","b":"fd00::/8","c":"app == 'x'"}""", "a: 10.65.0.0/16\nb: 'fd00::/8'\nc: 'app == ''x'''\n")]
    [InlineData("""{"a":"two\nlines\n","b":"x\ny"}""", "a: |\n  two\n  lines\nb: |-\n  x\n  y\n")]
    public void Write_IsWhatPeopleWrite(string json, string yaml) => Assert.Equal(yaml, YamlText.Write(JsonDocument.Parse(json).RootElement));

    [Fact]
    public void Write_ThenRead_GivesTheSameValue()
    {
        Gen<string> text = Gen.OneOf(
            Gen.String[Gen.Char[' ', '~'], 0, 12], Gen.String[Gen.Char["ab \n'\"\t:#-{}[],&*!|>%@`=\\\u00e4\u2028"], 0, 12],
            Gen.Int[0, 5].Select(i => new[] { "true", "No", "~", "0777", ".nan", "<<" }[i]));
        Gen<string> key = text.Where(k => k != "<<");
        Gen<string> value = Gen.Recursive<string>((depth, inner) => depth > 3 ? Gen.Const("1") : Gen.OneOf(
            text.Select(t => JsonSerializer.Serialize(t)), Gen.Int.Select(i => i.ToString(System.Globalization.CultureInfo.InvariantCulture)), Gen.Const("null"), Gen.Const("false"),
            inner.Array[0, 3].Select(v => $"[{string.Join(',', v)}]"),
            Gen.Select(key, inner).Array[0, 3].Select(fields => $"{{{string.Join(',', fields.DistinctBy(f => f.Item1).Select(f => $"{JsonSerializer.Serialize(f.Item1)}:{f.Item2}"))}}}")));
        value.Sample(json =>
        {
            JsonElement element = JsonDocument.Parse(json).RootElement;
            string yaml = YamlText.Write(element);
            JsonElement? back = ManifestReader.ReadValue(yaml, out string? fault);
            Assert.True(back is { } read && JsonElement.DeepEquals(element, read), $"{json}\n{yaml}\n{fault}\n{back}");
        });
    }
}
