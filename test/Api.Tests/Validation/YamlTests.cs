using System.Text;
using CsCheck;
using Margay.Api.Validation;
using Margay.Api.Validation.Manifests;

namespace Margay.Api.Tests.Validation;

/// <summary>YAML as people write it: scalars, documents, anchors, and the lines that faults are told with.</summary>
public class YamlTests
{
    [Theory]
    [InlineData("yes", "\"yes\"")]
    [InlineData("On", "\"On\"")]
    [InlineData("y", "\"y\"")]
    [InlineData("true", "true")]
    [InlineData("FALSE", "false")]
    [InlineData("'true'", "\"true\"")]
    [InlineData("~", "null")]
    [InlineData("null", "null")]
    [InlineData("Null", "null")]
    [InlineData("\"null\"", "\"null\"")]
    [InlineData("12", "12")]
    [InlineData("+12", "12")]
    [InlineData("-0", "-0")]
    [InlineData("'12'", "\"12\"")]
    [InlineData("1.5", "1.5")]
    [InlineData(".5", "0.5")]
    [InlineData("5.", "5.0")]
    [InlineData("-.5e3", "-0.5e3")]
    [InlineData("1e3", "1e3")]
    [InlineData("0x1F", "31")]
    [InlineData("0o17", "15")]
    [InlineData("0xFFFFFFFFFFFFFFFFFFFF", "1208925819614629174706175")]
    [InlineData("1_000", "\"1_000\"")]
    [InlineData("12:30:45", "\"12:30:45\"")]
    [InlineData("0a:58:0a:00:00:01", "\"0a:58:0a:00:00:01\"")]
    [InlineData("10.65.0.0/16", "\"10.65.0.0/16\"")]
    [InlineData("2026-01-02", "\"2026-01-02\"")]
    [InlineData("1.2.3", "\"1.2.3\"")]
    [InlineData("=", "\"=\"")]
    [InlineData("!!str 12", "\"12\"")]
    [InlineData("{a: 1, b: [x, 2]}", "{\"a\":1,\"b\":[\"x\",2]}")]
    [InlineData("|\n  a\n  b\n", "\"a\\nb\\n\"")]
    [InlineData(">-\n  a\n  b\n", "\"a b\"")]
    [InlineData("[&x a, *x]", "[\"a\",\"a\"]")]
    [InlineData("[&x {a: &y [1]}, *x, *y]", "[{\"a\":[1]},{\"a\":[1]},[1]]")]
    public void Scalars_MeanTheSameToEveryone(string yaml, string json) => Assert.Equal(json, ManifestReader.ReadValue(yaml, out _)?.GetRawText());

    [Theory]
    [InlineData("0755", "octal to some")]
    [InlineData("-00", "octal to some")]
    [InlineData(".nan", "no JSON form")]
    [InlineData("-.inf", "no JSON form")]
    [InlineData("!!binary aGk=", "tag")]
    [InlineData("!custom x", "tag")]
    [InlineData("*x", "no (finished) anchor")]
    [InlineData("&x [*x]", "no (finished) anchor")]
    [InlineData("[&x 1, &x 2]", "defined twice")]
    [InlineData("{<<: {a: 1}}", "merge keys")]
    [InlineData("{[a]: b}", "key must be plain text")]
    [InlineData("{a: 1, a: 2}", "")]
    [InlineData("a: b: c", "not YAML")]
    [InlineData("a:\n\tb: c", "not YAML")]
    [InlineData("a: 'b", "not YAML")]
    [InlineData("", "empty")]
    [InlineData("--- a\n--- b", "more than one document")]
    public void WhatIsNotRead_IsTold(string yaml, string message)
    {
        Assert.NotEqual(message.Length > 0, ManifestReader.ReadValue(yaml, out string? fault) is not null);
        Assert.Contains(message, fault ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public void Aliases_CannotGrowWithoutBound()
    {
        var bomb = new StringBuilder("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
        for (int i = 1; i < 10; i++) bomb.Append($"a{i}: &a{i} [{string.Join(',', Enumerable.Repeat($"*a{i - 1}", 10))}]\n");
        Assert.Null(ManifestReader.ReadValue(bomb.ToString(), out string? fault));
        Assert.Contains("expand to more than", fault, StringComparison.Ordinal);
    }

    [Fact]
    public void Nesting_IsLimited()
    {
        Assert.Null(ManifestReader.ReadValue(new string('[', 5000) + new string(']', 5000), out string? fault));
        Assert.Contains("nested", fault, StringComparison.Ordinal);
        Assert.NotNull(ManifestReader.ReadValue(new string('[', 50) + new string(']', 50), out _));
    }

    [Fact]
    public void Manifest_DocumentsListsAndLines()
    {
        const string text =
            """
            # comment
            ---
            apiVersion: projectcalico.org/v3
            kind: IPPool
            metadata:
              name: a
              labels:
                app.kubernetes.io/name: "x y"
            spec:
              cidr: 10.0.0.1/8
            ---
            # nothing here
            ---
            apiVersion: v1
            kind: List
            items:
            - apiVersion: v1
              kind: Namespace
              metadata: {name: B}
            - kind: Node
            ---
            apiVersion: projectcalico.org/v3
            kind: IPPoolList
            items:
            - {apiVersion: projectcalico.org/v3, kind: IPPool, metadata: {name: c}, spec: {cidr: 10.0.0.0/8}}
            """;
        List<ManifestObject> objects = [.. ManifestReader.Read(Encoding.UTF8.GetBytes(text), "f")];
        Assert.Equal([3, 17, 20, 25], objects.Select(o => o.Line));
        Assert.Equal(["metadata.labels[app.kubernetes.io/name]:8", "spec.cidr:10"], Located(objects[0]));
        Assert.Equal(["metadata.name:19"], Located(objects[1]));
        Assert.Equal(["apiVersion:20"], Located(objects[2]));
        Assert.Empty(Located(objects[3]));
    }

    [Fact]
    public void Manifest_SyntaxError_NamesTheLine_AndKeepsWhatCameBefore()
    {
        List<ManifestObject> objects = [.. ManifestReader.Read("apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n---\na: b\n  c: d\n"u8.ToArray(), "f")];
        Assert.True(objects[0].Admit().IsValid);
        Fault fault = Assert.Single(objects[1].Admit().Findings.Faults);
        Assert.Equal((FaultReason.Malformed, 6), (fault.Reason, fault.Line));
    }

    [Fact]
    public void Manifest_Json_MayBeSeveralObjects()
    {
        string text = """{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"a"}}""";
        Assert.Equal(2, ManifestReader.Read(Encoding.UTF8.GetBytes(text + "\n" + text), "f").Count(o => o.Admit().IsValid));
        ManifestObject broken = Assert.Single(ManifestReader.Read("{\"a\":\n tru"u8.ToArray(), "f"));
        Assert.Equal(2, Assert.Single(broken.Admit().Findings.Faults).Line);
    }

    [Fact]
    public void Manifest_OddBytes()
    {
        Assert.Empty(ManifestReader.Read(default, "f"));
        Assert.Empty(ManifestReader.Read("# only a comment\n"u8.ToArray(), "f"));
        Assert.Contains("not UTF-8", Assert.Single(ManifestReader.Read(new byte[] { 0xff, 0xfe, 0x41 }, "f")).Admit().Findings.Faults[0].Message, StringComparison.Ordinal);
        Assert.True(Assert.Single(ManifestReader.Read(new byte[] { 0xef, 0xbb, 0xbf }.Concat("apiVersion: v1\nkind: Namespace\nmetadata: {name: a}"u8.ToArray()).ToArray(), "f")).Admit().IsValid);
    }

    [Fact]
    public void Manifest_AnyBytes_GiveAResult() => Gen.Byte.Array[0, 100].Sample(bytes =>
    {
        foreach (ManifestObject item in ManifestReader.Read(bytes, "f")) item.Admit();
    });

    [Fact]
    public void Manifest_AnyYamlPieces_GiveAResult()
    {
        string[] pieces = ["apiVersion: v1\n", "kind: Namespace\n", "metadata:\n", "  name: a\n", "- ", "a: ", "{", "}", "[", "]", "&a ", "*a", "!!str ", "|\n", "---\n", "...\n", "'", "\"", "\n", "  ", "\t", "%YAML 1.2\n", "? ", ": ", ",", "#", "<<: ", "0777", ".inf"];
        Gen.Int[0, pieces.Length - 1].Array[0, 40].Select(choice => string.Concat(choice.Select(i => pieces[i]))).Sample(text =>
        {
            foreach (ManifestObject item in ManifestReader.Read(Encoding.UTF8.GetBytes(text), "f")) item.Admit();
        });
    }

    private static IEnumerable<string> Located(ManifestObject item) => item.Admit().Findings.Faults.Select(f => $"{f.Field}:{f.Line}").Order(StringComparer.Ordinal);
}
