namespace Margay.Fuzz;

/// <summary>Random changes to an input, by a seed: flipped bits, interesting bytes, moved, doubled and cut pieces.</summary>
public sealed class Mutator(int seed)
{
    private static readonly byte[] s_interesting = [0, 1, 2, 3, 4, 5, 8, 14, 15, 16, 31, 32, 33, 64, 127, 128, 129, 192, 254, 255];
    private readonly Random _random = new(seed);

    public byte[] Mutate(byte[] input)
    {
        List<byte> bytes = [.. input];
        for (int i = _random.Next(1, 6); i > 0; i--) One(bytes);
        return [.. bytes];
    }

    private void One(List<byte> b)
    {
        int at = b.Count == 0 ? 0 : _random.Next(b.Count);
        switch (_random.Next(7))
        {
            case 0 when b.Count > 0: b[at] ^= (byte)(1 << _random.Next(8)); break;
            case 1 when b.Count > 0: b[at] = s_interesting[_random.Next(s_interesting.Length)]; break;
            case 2 when b.Count > 0: b[at] = (byte)_random.Next(256); break;
            case 3: b.Insert(at, s_interesting[_random.Next(s_interesting.Length)]); break;
            case 4 when b.Count > 0: b.RemoveRange(at, Math.Min(b.Count - at, _random.Next(1, 9))); break;
            case 5 when b.Count is > 0 and < 4096: b.InsertRange(at, b.GetRange(at, Math.Min(b.Count - at, _random.Next(1, 33)))); break;
            case 6 when b.Count > 0: b.RemoveRange(at, b.Count - at); break;
        }
    }
}
