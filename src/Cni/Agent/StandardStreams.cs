using System.Runtime.InteropServices;

namespace Margay.Cni.Agent;

/// <summary>Standard input and output as plain file descriptors.</summary>
internal static class StandardStreams
{
    /// <summary>A network configuration is a few hundred bytes; more than this is a mistake.</summary>
    private const int MaxInput = 1 << 20;

    /// <summary>All of standard input, or null when it cannot be read or is longer than 1 MiB.</summary>
    public static byte[]? ReadInput()
    {
        byte[] buffer = new byte[4096];
        int used = 0;
        while (true)
        {
            if (used == buffer.Length)
            {
                if (used >= MaxInput) return null;
                Array.Resize(ref buffer, used * 2);
            }
            nint n = Libc.Read(0, buffer.AsSpan(used), buffer.Length - used);
            if (n < 0 && Marshal.GetLastPInvokeError() == Libc.EINTR) continue;
            if (n < 0) return null;
            if (n == 0) return buffer[..used];
            used += (int)n;
        }
    }

    public static void WriteOutput(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            nint n = Libc.Write(1, bytes, bytes.Length);
            if (n < 0 && Marshal.GetLastPInvokeError() == Libc.EINTR) continue;
            if (n <= 0) return; // the runtime has gone: nobody is left to tell
            bytes = bytes[(int)n..];
        }
    }
}
