/** `GET /api/comfyui/view`: a file of a job, for a page that knows only the Studio contract. */
import { stat } from "node:fs/promises";
import { type Folders, OutsideError, resolveInside, splitAnnotation } from "@hearth/protocol";
import type { FastifyInstance } from "fastify";
import { folderOf } from "../comfy/view.ts";
import { HttpError } from "../errors.ts";
import type { Register } from "../own-contract.ts";
import { answering } from "./run-errors.ts";

type Query = Readonly<Record<string, string | undefined>>;

/** @param app has the operation `GET /view` when requests come */
export function registerRunView(app: FastifyInstance, register: Register, folders: Folders): void {
  register(
    "GET",
    "/api/comfyui/view",
    "read",
    answering(async (request, reply) => {
      await requireFile(request.query as Query, folders);
      const view = app.operations.get("/view")?.get("GET");
      if (view === undefined) throw new HttpError(404);
      return view(request, reply);
    }),
  );
}

/** Says in this contract's words what `/view` answers without any. @throws HttpError */
async function requireFile({ filename, type = "output", subfolder }: Query, folders: Folders): Promise<void> {
  if (filename === undefined || filename === "") throw new HttpError(422, "filename is required");
  const [name, folder] = splitAnnotation(filename, type as "output");
  const root = folderOf(folders, folder);
  if (root === undefined) throw new HttpError(422, "type must be input, output or temp");
  try {
    const base = name.slice(name.lastIndexOf("/") + 1);
    const file = await resolveInside(root, ...(subfolder === undefined ? [] : [subfolder]), base);
    if ((await stat(file)).isFile()) return;
  } catch (error) {
    if (error instanceof OutsideError) throw new HttpError(403, "The path leaves its folder");
    const isAbsent = ["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "");
    if (!isAbsent) throw error;
  }
  throw new HttpError(404, "File not found");
}
