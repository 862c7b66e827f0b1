/** The workflows of an installation: `STUDIO_DIR/workflows/<id>/`, read whenever they are asked for. */
import type { Dirent } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import { isWorkflow, type NodeInfoLookup, promptOf } from "@hearth/graph/convert";
import {
  isJsonObject,
  type JsonObject,
  JsonSyntaxError,
  type JsonValue,
  OutsideError,
  parseJson,
  resolveInside,
} from "@hearth/protocol";
import { faults, plain } from "../http/validate.ts";
import { UnknownWorkflowError, WorkflowError } from "./errors.ts";
import { ManifestError, readManifest } from "./manifest/read-manifest.ts";
import { type Block, BlockSchema, type Manifest, WORKFLOW_ID } from "./manifest/schema.ts";

/** Larger graph files are nobody's workflow. */
const MAX_FILE = 32 * 1024 * 1024;

/** A workflow with what its prompt is made from. */
export interface CatalogueWorkflow {
  readonly manifest: Manifest;
  /** static: a prompt, or a workflow of the editor */
  readonly document: JsonObject | undefined;
  /** dynamic: by name */
  readonly blocks: ReadonlyMap<string, Block>;
}

/** A folder that holds no usable workflow, and why. */
export interface BrokenWorkflow {
  readonly id: string;
  readonly error: string;
}

export class Catalogue {
  readonly folder: string;

  /** @param folder with one folder for each workflow; it need not exist */
  constructor(folder: string) {
    this.folder = folder;
  }

  /** Ids of all workflows, sorted, whether they can be used or not. */
  async ids(): Promise<string[]> {
    let entries: Dirent[];
    try {
      entries = await readdir(this.folder, { withFileTypes: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw error;
    }
    return entries
      .filter((entry) => (entry.isDirectory() || entry.isSymbolicLink()) && WORKFLOW_ID.test(entry.name))
      .map(({ name }) => name)
      .sort();
  }

  /** All workflows; a folder that cannot be read is listed with the reason. */
  async list(): Promise<(CatalogueWorkflow | BrokenWorkflow)[]> {
    const found: (CatalogueWorkflow | BrokenWorkflow)[] = [];
    for (const id of await this.ids()) {
      try {
        found.push(await this.get(id));
      } catch (error) {
        if (error instanceof UnknownWorkflowError) continue;
        if (!(error instanceof WorkflowError)) throw error;
        found.push({ id, error: error.message });
      }
    }
    return found;
  }

  /** @throws UnknownWorkflowError, WorkflowError */
  async get(id: string): Promise<CatalogueWorkflow> {
    const manifest = await this.manifest(id);
    const files = new WorkflowFiles(path.join(this.folder, id), id);
    if (manifest.type === "static") {
      const document = await files.json(manifest.workflow_file);
      if (!isJsonObject(document)) throw new WorkflowError(id, `${manifest.workflow_file} is no JSON object`);
      return { manifest, document, blocks: new Map() };
    }
    const blocks = new Map<string, Block>();
    for (const { block } of manifest.pipeline) {
      if (blocks.has(block)) continue;
      const name = path.posix.join(manifest.blocks_dir, `${block}.json`);
      const value = await files.json(name);
      // The schema looks at plain values; the block keeps its exact numbers.
      const wrong = faults(BlockSchema, plain(value));
      if (wrong !== undefined) throw new WorkflowError(id, `${name}: ${wrong}`);
      blocks.set(block, value as unknown as Block);
    }
    return { manifest, document: undefined, blocks };
  }

  /** @throws UnknownWorkflowError, WorkflowError */
  async manifest(id: string): Promise<Manifest> {
    if (!WORKFLOW_ID.test(id)) throw new UnknownWorkflowError(id);
    const files = new WorkflowFiles(path.join(this.folder, id), id);
    const text = await files.text("manifest.yaml");
    if (text === undefined) throw new UnknownWorkflowError(id);
    try {
      return readManifest(text, id);
    } catch (error) {
      throw error instanceof ManifestError ? new WorkflowError(id, error.message) : error;
    }
  }
}

/** The nodes of a workflow before anything is filled in: of the prompt, or of every block. */
export function nodesOf(workflow: CatalogueWorkflow): JsonObject[] {
  const { document, blocks } = workflow;
  if (document === undefined) {
    return [...blocks.values()]
      .flatMap(({ nodes }) => Object.values(nodes as JsonObject))
      .filter(isJsonObject);
  }
  if (!isWorkflow(document)) return Object.values(document).filter(isJsonObject);
  const { nodes } = document;
  return (Array.isArray(nodes) ? nodes : [])
    .filter(isJsonObject)
    .map((node) => ({ class_type: node["type"] ?? null, inputs: {} }));
}

/** The prompt of a static workflow, converted where the file is one of the editor's. @throws ConvertError */
export function promptIn(document: JsonObject, nodeInfo: NodeInfoLookup): JsonObject {
  return isWorkflow(document) ? promptOf(document, nodeInfo) : document;
}

class WorkflowFiles {
  readonly #root: string;
  readonly #id: string;

  constructor(root: string, id: string) {
    this.#root = root;
    this.#id = id;
  }

  /** `undefined` when there is no such file. */
  async text(name: string): Promise<string | undefined> {
    try {
      const file = await resolveInside(this.#root, name);
      const { size } = await stat(file);
      if (size > MAX_FILE) throw new WorkflowError(this.#id, `${name} is longer than ${MAX_FILE} bytes`);
      return await readFile(file, "utf8");
    } catch (error) {
      if (error instanceof OutsideError) throw new WorkflowError(this.#id, `${name} lies outside its folder`);
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ENOENT" || code === "ENOTDIR") return undefined;
      if (code === "EISDIR" || code === "EACCES") throw new WorkflowError(this.#id, `${name}: ${code}`);
      throw error;
    }
  }

  async json(name: string): Promise<JsonValue> {
    const text = await this.text(name);
    if (text === undefined) throw new WorkflowError(this.#id, `it has no file ${name}`);
    try {
      return parseJson(text);
    } catch (error) {
      if (!(error instanceof JsonSyntaxError)) throw error;
      throw new WorkflowError(this.#id, `${name} is not JSON: ${error.message}`);
    }
  }
}
