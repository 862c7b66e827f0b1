/** What the tests of this folder share: a server with assets on, and uploads to it. */
import type { TestContext } from "node:test";
import { type AssetsUnderTest, openAssets } from "../../../assets/test-support.ts";
import { defaultModelFolders } from "../../../files/model-folders.ts";
import { type FormPart, postForm, startServer, type TestServer } from "../../test-server.ts";
import { registerAssets } from "./index.ts";

export interface AssetServer extends AssetsUnderTest {
  readonly url: string;
  readonly port: number;
  readonly app: TestServer["app"];
}

const MAX_UPLOAD = 8 * 1024 * 1024;

export async function startAssetServer(
  t: TestContext,
  more: Parameters<typeof openAssets>[1] = {},
): Promise<AssetServer> {
  const under = await openAssets(t, more);
  const { folders, assets } = under;
  const modelFolders = defaultModelFolders(folders);
  const { url, port, app } = await startServer(
    t,
    { folders, modelFolders, maxUploadBytes: MAX_UPLOAD },
    (app) => {
      registerAssets(app, { assets, uploadDirectory: folders.input, maxUploadBytes: MAX_UPLOAD });
    },
  );
  return { ...under, url, port, app };
}

/** An answer; its members are compared, not computed with. */
export type Json = Record<string, any>;

/** Status and body of an answer. */
export async function answerOf(response: Response): Promise<{ status: number; body: Json }> {
  const text = await response.text();
  return { status: response.status, body: (text === "" ? {} : JSON.parse(text)) as Json };
}

/** Uploads one file. */
export async function upload(
  { url }: Pick<AssetServer, "url">,
  content: string | Buffer,
  fields: Record<string, string> = { tags: "input" },
  filename = "a.txt",
): Promise<{ status: number; body: Json }> {
  const parts: FormPart[] = [
    ...Object.entries(fields).map(([name, content]) => ({ name, content })),
    { name: "file", filename, content },
  ];
  return answerOf(await postForm(`${url}/api/assets`, parts));
}

/** Sends JSON, or text as it is. */
export async function send(
  { url }: Pick<AssetServer, "url">,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; body: Json }> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return answerOf(await fetch(url + path, { method, ...(text === undefined ? {} : { body: text }) }));
}
