/** Every recorded conversion: the hand-made ones of the project, and real workflows where their folder is present. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import {
  isJsonObject,
  isNumeric,
  type JsonObject,
  type JsonValue,
  type NodeInfo,
  parseJson,
  toNumber,
} from "@hearth/protocol";
import { bytesSource, documentOf, readEmbedded } from "../media/index.ts";
import { promptOf } from "./index.ts";

const OWN = new URL("../../../../tests/golden/ui2api/", import.meta.url);
const given = process.env["HEARTH_GOLDEN"];
const SHARED =
  given === undefined
    ? new URL("../../../../../shared/golden/ui2api/", import.meta.url)
    : new URL(`file://${given}/ui2api/`);

/** What a JavaScript program reads: sorted, whole floats as integers, without inputs that hold chance. */
function plain(value: JsonValue): unknown {
  if (isNumeric(value)) return toNumber(value) + 0;
  if (Array.isArray(value)) return value.map(plain);
  if (!isJsonObject(value)) return value;
  const members = Object.entries(value).filter(([key]) => key !== "audioUI" && key !== "video-preview");
  return Object.fromEntries(members.map(([key, member]) => [key, plain(member)]));
}

for (const [name, folder] of [
  ["hand-made", OWN],
  ["real", SHARED],
] as const) {
  const index = new URL("index.json", folder);
  describe(
    `${name} workflows become the prompts of the official editor`,
    { skip: !existsSync(index) },
    () => {
      if (!existsSync(index)) return;
      const infos = parseJson(readFileSync(new URL("object_info.json", folder), "utf8")) as unknown as Record<
        string,
        NodeInfo
      >;
      for (const entry of parseJson(readFileSync(index, "utf8")) as JsonObject[]) {
        it(String(entry["name"]), async () => {
          const bytes = readFileSync(new URL(String(entry["input"]), folder));
          const document = documentOf(await readEmbedded(bytesSource(bytes)));
          const got = promptOf(document, (type) => infos[type], { unknownClasses: "asEditor" });
          const expected = parseJson(
            readFileSync(new URL(String(entry["expected"]), folder), "utf8"),
          ) as JsonObject;
          const choices = (expected["any_of"] ?? [expected]) as JsonObject[];
          if (choices.length === 1) assert.deepEqual(plain(got), plain(choices[0] as JsonObject));
          else {
            const text = JSON.stringify(sorted(plain(got)));
            assert.ok(choices.some((choice) => JSON.stringify(sorted(plain(choice))) === text));
          }
        });
      }
    },
  );
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, member]) => [key, sorted(member)]));
}
