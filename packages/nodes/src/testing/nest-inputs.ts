/** Rebuilds dynamic inputs from their flat names, and plain numbers from marked floats, as the engine does (5.5). */
import type { NodeInputs } from "@hearth/engine";
import { type InputDeclaration, type JsonObject, JsonFloat, type NodeInfo } from "@hearth/protocol";

const PLAIN = new Set<unknown>(["INT", "FLOAT", "STRING", "BOOLEAN"]);

type Group = Record<string, InputDeclaration>;

/** `{"a.b": 1}` becomes `{a: {b: 1}}` below dynamic inputs; a dynamic combo holds its own key under its own name. */
export function nestInputs(info: NodeInfo, flat: Readonly<Record<string, unknown>>): NodeInputs {
  return nest({ ...info.input.required, ...info.input.optional } as Group, flat, "");
}

function nest(group: Group, flat: Readonly<Record<string, unknown>>, prefix: string): NodeInputs {
  const out: NodeInputs = {};
  const taken = new Set<string>();
  for (const [name, [type, options]] of Object.entries(group)) {
    const path = prefix + name;
    const below = Object.keys(flat).filter((key) => key.startsWith(`${path}.`));
    if (type === "COMFY_AUTOGROW_V3") {
      out[name] = Object.fromEntries(below.map((key) => [key.slice(path.length + 1), flat[key]]));
      for (const key of below) taken.add(key);
    } else if (type === "COMFY_DYNAMICCOMBO_V3") {
      const chosen = (options?.["options"] as JsonObject[] | undefined)?.find(
        (option) => option["key"] === flat[path],
      );
      if (chosen === undefined) continue;
      const inputs = chosen["inputs"] as NodeInfo["input"];
      const inner = nest({ ...inputs.required, ...inputs.optional } as Group, flat, `${path}.`);
      out[name] = { [name]: flat[path], ...inner };
      for (const key of [path, ...below]) taken.add(key);
    } else if (path in flat) {
      taken.add(path);
      out[name] = converted(type, PLAIN.has(type) ? plain(flat[path]) : flat[path]);
    }
  }
  if (prefix === "") {
    for (const [name, value] of Object.entries(flat)) if (!taken.has(name)) out[name] = value;
  }
  return out;
}

/** Constants of another type are converted, as validation does before a prompt runs. */
function converted(type: unknown, value: unknown): unknown {
  if (Array.isArray(value)) return value;
  if (type === "INT" && typeof value === "string") return Number(value);
  if (type === "INT" && typeof value === "number") return Math.trunc(value);
  if (type === "FLOAT" && (typeof value === "string" || typeof value === "bigint")) return Number(value);
  if (type === "BOOLEAN" && (typeof value === "number" || typeof value === "string")) return Boolean(value);
  return value;
}

function plain(value: unknown): unknown {
  if (value instanceof JsonFloat) return value.value;
  if (Array.isArray(value)) return value.map(plain);
  return value;
}
