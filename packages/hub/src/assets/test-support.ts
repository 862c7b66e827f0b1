/** What the tests of assets share: a system over a folder of its own, and files to put into it. */
import { mkdirSync, rmSync, mkdtempSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";
import { type Folders, makeFolders, resolveFolders } from "@hearth/protocol";
import { pino } from "pino";
import { defaultModelFolders } from "../files/model-folders.ts";
import type { NewFileAsset } from "./asset.ts";
import { Assets, type AssetsOptions } from "./assets.ts";
import type { AssetFilter, AssetQuery } from "./catalogue.ts";

export interface Message {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface AssetsUnderTest {
  readonly assets: Assets;
  readonly folders: Folders;
  /** what sockets were told */
  readonly messages: Message[];
  /** resolves with the first message that fits, also one that was told already */
  heard(fits: (message: Message) => boolean): Promise<Message>;
  /** writes a file below the base directory */
  write(file: string, content: string | Buffer): string;
  /** closes the system and opens it again on the same folders */
  reopen(more?: Partial<AssetsOptions>): Promise<Assets>;
}

/** Opens a system; it and its folder go with the test. */
export async function openAssets(
  t: TestContext,
  more: Partial<AssetsOptions> = {},
): Promise<AssetsUnderTest> {
  const base = mkdtempSync(path.join(os.tmpdir(), "hearth-assets-"));
  const folders = resolveFolders({ base });
  makeFolders(folders);
  const messages: Message[] = [];
  const waiting = new Set<(message: Message) => void>();
  const broadcast = (type: string, data: unknown): void => {
    const message = { type, data: data as Message["data"] };
    messages.push(message);
    for (const told of waiting) told(message);
  };
  const open = (options: Partial<AssetsOptions>): Promise<Assets> =>
    Assets.open({
      folders,
      modelFolders: defaultModelFolders(folders),
      broadcast,
      log: pino({ level: "silent" }),
      ...options,
    });
  let assets = await open(more);
  t.after(async () => {
    await assets.close();
    rmSync(base, { recursive: true, force: true });
  });
  return {
    assets,
    folders,
    messages,
    heard: (fits) =>
      new Promise((resolve) => {
        const found = messages.find(fits);
        if (found !== undefined) return resolve(found);
        const told = (message: Message): void => {
          if (!fits(message)) return;
          waiting.delete(told);
          resolve(message);
        };
        return void waiting.add(told);
      }),
    write: (file, content) => {
      const target = path.join(base, file);
      mkdirSync(path.dirname(target), { recursive: true });
      writeFileSync(target, content);
      return target;
    },
    reopen: async (options = {}) => {
      await assets.close();
      assets = await open({ ...more, ...options });
      return assets;
    },
  };
}

/** A hash that differs with its number. */
export function hashNumber(number: number): string {
  return `blake3:${number.toString(16).padStart(64, "0")}`;
}

/** An asset with a file that need not be there. */
export function fileAsset(name: string, more: Partial<NewFileAsset> = {}): NewFileAsset {
  return {
    owner: "",
    name,
    mimeType: "text/plain",
    tags: [],
    userMetadata: "{}",
    previewId: undefined,
    hash: undefined,
    size: 1,
    mtimeNs: "1",
    file: { path: `/nowhere/${name}`, root: "output", loaderPath: name, displayPath: name },
    metadata: undefined,
    jobId: undefined,
    ...more,
  };
}

export const EVERYTHING: AssetFilter = {
  viewer: "",
  tagsAll: [],
  tagsAny: [],
  tagsNone: [],
  nameContains: undefined,
  metadata: [],
};

export function query(more: Partial<AssetQuery> = {}): AssetQuery {
  return {
    ...EVERYTHING,
    sort: "created_at",
    order: "desc",
    limit: 20,
    offset: 0,
    after: undefined,
    ...more,
  };
}
