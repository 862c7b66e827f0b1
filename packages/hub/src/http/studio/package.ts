/** `GET /api/admin/history/{prompt_id}/package`: a job, its input and its files as one archive, streamed. */
import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import type { Readable } from "node:stream";
import { finished } from "node:stream/promises";
import type { JobRecord } from "@hearth/jobs";
import { type JsonObject, OutsideError, printJson, resolveInside } from "@hearth/protocol";
import type { FastifyInstance } from "fastify";
import { ZipFile } from "yazl";
import { safeName } from "../../assets/tasks/zip-names.ts";
import { sees } from "../../auth/identity.ts";
import { HttpError } from "../errors.ts";
import { ownContract, studioError } from "../own-contract.ts";
import { disposition } from "../send-file.ts";
import { archiveNames } from "./archive-names.ts";
import type { StudioJobParts } from "./job-parts.ts";
import { detailsOf, shownFiles, studioRecord } from "./record.ts";

/** What is packed already only costs time to pack again. */
const PACKED = /\.(png|jpe?g|webp|gif|avif|mp4|webm|mkv|mov|mp3|ogg|opus|flac|m4a|zip|gz|glb|safetensors)$/i;

interface Packed {
  /** name inside the archive */
  readonly name: string;
  readonly path: string;
}

type PackageParts = Pick<StudioJobParts, "store" | "folders" | "zone" | "log">;

export function registerStudioPackage(app: FastifyInstance, parts: PackageParts): void {
  const register = ownContract(app, studioError);
  register("GET", "/api/admin/history/:prompt_id/package", "read", async (request, reply) => {
    const { prompt_id: promptId } = request.params as { prompt_id: string };
    const job = await parts.store.recordByPromptId(promptId, sees(request.identity));
    if (job === undefined) throw new HttpError(404, "Job not found");
    const name = `job_${safeName(detailsOf(job).output_dir ?? promptId.slice(0, 12))}.zip`;
    reply
      .header("content-type", "application/zip")
      .header("content-disposition", disposition(name, "attachment"));
    if (request.method === "HEAD") return reply.send();
    return reply.send(archive(parts, job, await filesOf(parts, job)));
  });
}

/** The archive as a stream; who stops reading it stops everything. */
function archive(parts: PackageParts, job: JobRecord, files: readonly Packed[]): Readable {
  const zip = new ZipFile();
  const output = zip.outputStream as Readable;
  zip.addBuffer(Buffer.from(readable(studioRecord(job, parts.zone))), "job.json", { compress: true });
  addFiles(zip, output, files).then(
    () => zip.end(),
    (error: Error) => {
      // The headers are out: a broken connection is the only way left to say that the archive is not whole.
      if (!output.destroyed)
        parts.log.warn({ err: error, job: job.promptId }, "a package could not be finished");
      output.destroy(error);
    },
  );
  return output;
}

/** One file at a time is open, and read only as fast as the client takes it. */
async function addFiles(zip: ZipFile, output: Readable, files: readonly Packed[]): Promise<void> {
  for (const { name, path: file } of files) {
    if (output.destroyed) return;
    const stats = await stat(file).catch(() => undefined);
    // It went away since the list was made: the archive is of what there is.
    if (stats === undefined || !stats.isFile()) continue;
    const options = { mtime: stats.mtime, mode: 0o100644, compress: !PACKED.test(name) };
    if (stats.size === 0) {
      zip.addBuffer(Buffer.alloc(0), name, options);
      continue;
    }
    // A file that is still being written is taken as long as it was at this moment.
    const stream = createReadStream(file, { end: stats.size - 1 });
    const stop = (): void => void stream.destroy();
    output.once("close", stop);
    zip.addReadStream(stream, name, options);
    try {
      await finished(stream);
    } finally {
      output.off("close", stop);
    }
  }
}

/** JSON with a line for each key, for people who open it. */
function readable(record: JsonObject): string {
  const lines = Object.entries(record).map(
    ([key, value]) => `  ${printJson(key, "compact")}: ${printJson(value, "compact")}`,
  );
  return `{\n${lines.join(",\n")}\n}\n`;
}

async function filesOf(parts: PackageParts, job: JobRecord): Promise<Packed[]> {
  const { folders } = parts;
  const { input_image: image, output_dir: directory } = detailsOf(job);
  const packed: Packed[] = [];
  const input = image === null ? undefined : await existing(folders.input, image);
  if (input !== undefined) packed.push({ name: `input/${safeName(image ?? "")}`, path: input });

  const outputs = new Map<string, string>();
  const root = directory === null ? undefined : await existing(folders.output, directory);
  if (root !== undefined && root !== path.resolve(folders.output)) {
    for (const file of await filesBelow(root)) outputs.set(file, path.relative(root, file));
  }
  for (const { type, subfolder, filename } of shownFiles(job.outputs)) {
    const folder = type === "temp" ? folders.temp : folders.output;
    const file = await existing(folder, path.join(subfolder, filename));
    if (file !== undefined && !outputs.has(file)) outputs.set(file, path.join(subfolder, filename));
  }
  const names = archiveNames([...outputs.values()]);
  [...outputs.keys()].forEach((file, index) => packed.push({ name: `output/${names[index]}`, path: file }));
  return packed;
}

/** The path of something inside `root`, if it is there. */
async function existing(root: string, relative: string): Promise<string | undefined> {
  try {
    const file = await resolveInside(root, relative);
    await stat(file);
    return file;
  } catch (error) {
    if (error instanceof OutsideError || (error as NodeJS.ErrnoException).code !== undefined)
      return undefined;
    throw error;
  }
}

/** All files of a folder and its sub-folders, by name; hidden ones and links are left out. */
async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter(
      (file) =>
        !path
          .relative(folder, file)
          .split(path.sep)
          .some((part) => part.startsWith(".")),
    )
    .sort();
}
