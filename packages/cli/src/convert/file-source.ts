/** A file on disk that is read in parts. */
import { open } from "node:fs/promises";
import type { ByteSource } from "@hearth/graph/media";

/** Opens a file for `use`, and closes it afterwards. */
export async function withFile<T>(file: string, use: (source: ByteSource) => Promise<T>): Promise<T> {
  const handle = await open(file, "r");
  try {
    const { size } = await handle.stat();
    return await use({
      size,
      read: async (offset, length) => {
        const buffer = Buffer.alloc(length);
        const { bytesRead } = await handle.read(buffer, 0, length, offset);
        return buffer.subarray(0, bytesRead);
      },
    });
  } finally {
    await handle.close();
  }
}
