/** The files that a node showed, as progress lists them. */
import { isJsonObject, type JsonObject } from "@hearth/protocol";
import { mediaOf } from "../files/content-types.ts";

export interface OutputItem {
  readonly filename: string;
  readonly subfolder: string;
  readonly type: string;
  /** `image`, `video`, `audio`, `model`; `file` for anything else */
  readonly media: string;
}

/** The files in the ui data of one node, in its order, each once. */
export function filesShown(output: JsonObject | undefined): OutputItem[] {
  const items: OutputItem[] = [];
  const seen = new Set<string>();
  for (const list of Object.values(output ?? {})) {
    if (!Array.isArray(list)) continue;
    for (const entry of list) {
      if (!isJsonObject(entry)) continue;
      const { filename, subfolder, type } = entry;
      if (typeof filename !== "string" || filename === "") continue;
      const item = {
        filename,
        subfolder: typeof subfolder === "string" ? subfolder : "",
        type: typeof type === "string" ? type : "output",
        media: mediaOf(filename) ?? "file",
      };
      const key = `${item.type}\0${item.subfolder}\0${filename}`;
      if (!seen.has(key)) items.push(item);
      seen.add(key);
    }
  }
  return items;
}
