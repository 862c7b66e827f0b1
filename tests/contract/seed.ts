/** The published description of ComfyUI's API, where a copy of it lies beside the project. It is no part of it. */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";
import { PROJECT } from "../support/server.ts";
import { Contract } from "./contract.ts";

const FILE = path.join(PROJECT, "../shared/seeds/comfyui-openapi.yaml");

/** `undefined` when there is no copy. */
export function readSeed(): Contract | undefined {
  if (!existsSync(FILE)) return undefined;
  return new Contract(withoutBareNullable(parse(readFileSync(FILE, "utf8"))) as Record<string, unknown>);
}

/** `nullable` without a type says nothing, and Ajv refuses it. */
function withoutBareNullable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutBareNullable);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([key]) => key !== "nullable" || "type" in value);
  return Object.fromEntries(entries.map(([key, member]) => [key, withoutBareNullable(member)]));
}

/** `GET /a/{}`: one name for an operation, whatever a document calls its parameters. */
export function operationKey(method: string, template: string): string {
  return `${method} ${template.replaceAll(/\{\w+\}/g, "{}")}`;
}
