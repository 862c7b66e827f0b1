/** The web page and its files (section 3.1), and the answers for paths that nothing else serves. */
import path from "node:path";
import { OutsideError, resolveInside } from "@hearth/protocol";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { contentTypeOf } from "../../files/content-types.ts";
import { DirectoryCache } from "../../files/directory-cache.ts";
import { byCodePoint } from "../../files/file-lists.ts";
import { sendEmpty, sendJson, sendStatus, sendText } from "../answers.ts";
import type { HttpOptions } from "../options.ts";
import { openFile, sendFile } from "../send-file.ts";
import { notAllowed, route, twin } from "../twin.ts";
import { rawPathOf } from "../url.ts";
import { DEFAULT_PAGE } from "./default-page.ts";
import { registerForwarding } from "./forward.ts";

type StaticOptions = Pick<HttpOptions, "frontEndRoot" | "webDirectories" | "forwarder">;

const NO_CACHE = { "cache-control": "no-store, must-revalidate", pragma: "no-cache", expires: "0" };

/** Registers `/`, `/api/`, `/extensions` and the handler of all other paths. */
export function registerStatic(app: FastifyInstance, options: StaticOptions): void {
  const index = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    reply.headers(NO_CACHE);
    if (options.frontEndRoot === undefined) return sendText(reply, DEFAULT_PAGE, "text/html; charset=utf-8");
    return sendBelow(request, reply, options.frontEndRoot, "index.html");
  };
  route(app, "GET", "/", index);
  route(app, "GET", "/api/", index);

  const cache = new DirectoryCache();
  twin(app, "GET", "/extensions", (_request, reply) => sendJson(reply, extensionScripts(options, cache)));

  const { forwarder } = options;
  if (forwarder !== undefined) registerForwarding(app, forwarder);
  app.setNotFoundHandler((request, reply) => {
    if (request.method !== "GET" && request.method !== "HEAD") return notAllowed(reply, ["GET", "HEAD"]);
    return serveStatic(request, reply, options);
  });
}

/** URL paths of all scripts that the web page loads by itself. */
function extensionScripts(options: StaticOptions, cache: DirectoryCache): string[] {
  const scripts = (folder: string): string[] =>
    cache
      .tree(folder)
      .filter((name) => name.endsWith(".js"))
      .map((name) => name.replaceAll(path.sep, "/"))
      .sort(byCodePoint);
  const core =
    options.frontEndRoot === undefined ? [] : scripts(path.join(options.frontEndRoot, "extensions"));
  const paths = core.map((name) => `/extensions/${name}`);
  for (const { name, folder } of options.webDirectories?.() ?? []) {
    paths.push(...scripts(folder).map((script) => `/extensions/${encodeURIComponent(name)}/${script}`));
  }
  return [...new Set([...paths, ...(options.forwarder?.extensions() ?? [])])];
}

async function serveStatic(
  request: FastifyRequest,
  reply: FastifyReply,
  options: StaticOptions,
): Promise<FastifyReply> {
  // Plain dots are resolved before a folder is chosen, encoded ones below it: neither leads out.
  const target = withoutDots(rawPathOf(request.url));
  if (target === undefined) return sendStatus(reply, 404);
  const match = /^\/extensions\/([^/]+)\/(.+)$/.exec(target);
  if (match !== null) {
    const name = decodeURIComponent(match[1] as string);
    for (const directory of options.webDirectories?.() ?? []) {
      if (directory.name === name)
        return sendBelow(request, reply, directory.folder, decodeURIComponent(match[2] as string), () =>
          forwarded(request, reply, options),
        );
    }
  }
  const relative = decodeURIComponent(target).replace(/^\/+/, "");
  if (options.frontEndRoot === undefined) return forwarded(request, reply, options);
  return sendBelow(request, reply, options.frontEndRoot, relative, () => forwarded(request, reply, options));
}

/** A path that nothing here serves: a ComfyUI worker may. */
async function forwarded(
  request: FastifyRequest,
  reply: FastifyReply,
  { forwarder }: StaticOptions,
): Promise<FastifyReply> {
  return (await forwarder?.request(request, reply)) === true ? reply : notFound(reply);
}

/** Resolves `.` and `..` segments as they were sent; `undefined` when they lead above the top. */
function withoutDots(target: string): string | undefined {
  const kept: string[] = [];
  for (const segment of target.split("/").slice(1)) {
    if (segment === "..") {
      if (kept.pop() === undefined) return undefined;
    } else if (segment !== ".") kept.push(segment);
  }
  return `/${kept.join("/")}`;
}

async function sendBelow(
  request: FastifyRequest,
  reply: FastifyReply,
  root: string,
  relative: string,
  otherwise: () => FastifyReply | Promise<FastifyReply> = () => notFound(reply),
): Promise<FastifyReply> {
  // Outside by its own text is a wrong path; outside through a link is a forbidden one.
  const lexical = path.relative(path.resolve(root), path.resolve(root, relative));
  if (
    relative.includes("\0") ||
    lexical === ".." ||
    lexical.startsWith(`..${path.sep}`) ||
    path.isAbsolute(lexical)
  ) {
    return sendStatus(reply, 404);
  }
  let file: string;
  try {
    file = await resolveInside(root, relative);
  } catch (error) {
    if (error instanceof OutsideError) return sendStatus(reply, 403);
    throw error;
  }
  const handle = await openFile(file);
  if (handle === undefined) return otherwise();
  if (handle === "directory") return sendStatus(reply, 403);
  if (relative.endsWith("/")) {
    // A file is no folder.
    await handle.close();
    return notFound(reply);
  }
  return sendFile(request, reply, handle, { contentType: contentTypeOf(file) });
}

function notFound(reply: FastifyReply): FastifyReply {
  return sendEmpty(reply, 404, "application/octet-stream");
}
