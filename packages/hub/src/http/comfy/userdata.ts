/** `/userdata` (section 3.14): files of the user who asks. A path is one segment, its slashes encoded. */
import path from "node:path";
import type { Readable } from "node:stream";
import { OutsideError } from "@hearth/protocol";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { contentTypeOf, isDangerous, UNKNOWN_TYPE } from "../../files/content-types.ts";
import { removeStaleUploads } from "../../files/temporary.ts";
import {
  BadNameError,
  type FileInfo,
  NameTakenError,
  NoFileError,
  UserFiles,
} from "../../users/user-files.ts";
import { type Entry, listFiles } from "../../users/user-listings.ts";
import { knownUserOf } from "../../users/user-of.ts";
import type { Users } from "../../users/users.ts";
import { temporaryFolder } from "../../users/whole-file.ts";
import { sendEmpty, sendJson, sendText } from "../answers.ts";
import { HttpError } from "../errors.ts";
import type { HttpOptions } from "../options.ts";
import { drainBody } from "../request-body.ts";
import { openFile, sendFile } from "../send-file.ts";
import { type Handler, type Method, twin } from "../twin.ts";

/** The one file that a page of this server may use as it is. */
const STYLE_SHEET = "user.css";

type Query = Readonly<Record<string, string | undefined>>;
type Operation = (request: FastifyRequest, reply: FastifyReply, files: UserFiles) => Promise<FastifyReply>;

export function registerUserData(
  app: FastifyInstance,
  users: Users,
  { maxUploadBytes }: Pick<HttpOptions, "maxUploadBytes">,
): void {
  app.addHook("onReady", () => removeStaleUploads(temporaryFolder(users.folder)));
  // Bodies are not read before the handler runs: they go to the disk as they arrive.
  app.register((child, _options, done) => {
    child.removeAllContentTypeParsers();
    child.addContentTypeParser("*", (_request, payload, parsed) => parsed(null, payload));
    const add = (method: Method, target: string, operation: Operation): void =>
      twin(child, method, target, answering(users, operation));
    add("GET", "/userdata", list);
    add("GET", "/userdata/:file", read);
    add("POST", "/userdata/:file", (request, reply, files) => write(request, reply, files, maxUploadBytes));
    add("DELETE", "/userdata/:file", remove);
    add("POST", "/userdata/:file/move/:dest", move);
    done();
  });
}

/** Finds out whose files are meant, and gives the answers of what goes wrong. */
function answering(users: Users, operation: Operation): Handler {
  return async (request, reply) => {
    try {
      return await operation(request, reply, new UserFiles(users, knownUserOf(request)));
    } catch (error) {
      const answer = refusal(reply, error);
      if (answer === undefined) throw error;
      drainBody(request);
      return answer;
    }
  };
}

function refusal(reply: FastifyReply, error: unknown): FastifyReply | undefined {
  if (error instanceof OutsideError) return sendEmpty(reply, 403);
  if (error instanceof NoFileError) return sendEmpty(reply, 404);
  if (error instanceof NameTakenError) return sendText(reply, error.message, undefined, 409);
  if (error instanceof BadNameError) {
    // Clients show the reason of the status line.
    reply.raw.statusMessage = error.message;
    return sendEmpty(reply, 400);
  }
  return undefined;
}

async function list(request: FastifyRequest, reply: FastifyReply, files: UserFiles): Promise<FastifyReply> {
  const query = request.query as Query;
  const { dir } = query;
  if (dir === undefined || dir === "") return sendText(reply, "Directory not provided", undefined, 400);
  let directory: string;
  try {
    directory = await files.resolve(dir);
  } catch (error) {
    if (error instanceof OutsideError) return sendText(reply, "Invalid directory", undefined, 403);
    throw error;
  }
  const found = await listFiles(files.root, directory, isTrue(query["recurse"]));
  if (found === undefined) return sendText(reply, "Directory not found", undefined, 404);
  const shown = (entry: Entry): unknown => {
    const relative = path.relative(directory, entry.file).replaceAll(path.sep, "/");
    if (isTrue(query["full_info"])) return infoJson({ ...entry, path: relative });
    return isTrue(query["split"]) ? [relative, ...relative.split("/")] : relative;
  };
  return sendJson(reply, found.map(shown));
}

async function read(request: FastifyRequest, reply: FastifyReply, files: UserFiles): Promise<FastifyReply> {
  const file = await files.resolve(fileOf(request));
  const handle = await openFile(file);
  if (handle === undefined) return sendEmpty(reply, 404);
  if (handle === "directory") return sendEmpty(reply, 403);
  const isStyleSheet = files.relative(file) === STYLE_SHEET;
  const type = contentTypeOf(file);
  return sendFile(request, reply, handle, {
    contentType: isDangerous(type) && !isStyleSheet ? UNKNOWN_TYPE : type,
    typeOn304: true,
    headers: {
      "x-content-type-options": "nosniff",
      "content-disposition": isStyleSheet ? "inline" : "attachment",
    },
  });
}

async function write(
  request: FastifyRequest,
  reply: FastifyReply,
  files: UserFiles,
  limit: number,
): Promise<FastifyReply> {
  if (Number(request.headers["content-length"] ?? 0) > limit) throw new HttpError(413);
  const body = request.body as Readable | undefined;
  const file = await files.write(fileOf(request), body, limit, mayOverwrite(request));
  return sendPlace(request, reply, files, file);
}

async function remove(request: FastifyRequest, reply: FastifyReply, files: UserFiles): Promise<FastifyReply> {
  await files.remove(fileOf(request));
  return reply.code(204).send();
}

async function move(request: FastifyRequest, reply: FastifyReply, files: UserFiles): Promise<FastifyReply> {
  const { dest } = request.params as { dest: string };
  const file = await files.move(fileOf(request), dest, mayOverwrite(request));
  return sendPlace(request, reply, files, file);
}

/** Tells where a file is now. */
async function sendPlace(
  request: FastifyRequest,
  reply: FastifyReply,
  files: UserFiles,
  file: string,
): Promise<FastifyReply> {
  const full = isTrue((request.query as Query)["full_info"]);
  return sendJson(reply, full ? infoJson(await files.info(file)) : files.relative(file));
}

function infoJson(info: FileInfo): object {
  return {
    path: info.path,
    size: info.size,
    modified: Math.floor(info.modifiedMs),
    created: Math.floor(info.createdMs),
  };
}

function fileOf(request: FastifyRequest): string {
  return (request.params as { file: string }).file;
}

function isTrue(flag: string | undefined): boolean {
  return flag?.toLowerCase() === "true";
}

/** Only the exact word keeps what is there. */
function mayOverwrite(request: FastifyRequest): boolean {
  return (request.query as Query)["overwrite"] !== "false";
}
