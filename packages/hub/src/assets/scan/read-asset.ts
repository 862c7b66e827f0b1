/** Reading one file for the catalogue: its facts, and its hash where that is wanted. */
import { printJson, parseJson, type JsonObject } from "@hearth/protocol";
import { contentTypeOf } from "../../files/content-types.ts";
import { fileFacts, type ScanWrites, type Unread } from "../sqlite/scan-writes.ts";
import { readFacts } from "./facts.ts";
import { hashFile } from "./hash-file.ts";

/** Reads and keeps it. What went wrong, in words without the folder's path; `undefined` when all went well. */
export async function readAsset(
  writes: ScanWrites,
  asset: Unread,
  hashing: boolean,
  mayGoOn: () => boolean | Promise<boolean>,
): Promise<string | undefined> {
  const { file, size } = asset;
  const mimeType = asset.mimeType ?? contentTypeOf(file.path);
  try {
    const hashed = hashing && !asset.hashed ? await hashFile(file.path, mayGoOn) : undefined;
    if (hashing && !asset.hashed && hashed === undefined) return undefined;
    // Another file than the one that was registered: the next scan finds it.
    if (hashed !== undefined && (hashed.size !== size || hashed.mtimeNs !== asset.mtimeNs)) return undefined;
    const facts = await readFacts(file.path, mimeType);
    const metadata = printJson({
      ...(parseJson(fileFacts({ file, size, mimeType })) as JsonObject),
      ...(facts === undefined ? {} : (parseJson(facts) as JsonObject)),
    });
    writes.setRead(asset, metadata, hashed?.hash);
    return undefined;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return `${file.root}/${file.displayPath}: ${code ?? message}`;
  }
}
