/** `/api/admin/workers`: what each worker is, does and can, and what an operator wants of it. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import Type from "typebox";
import type { WorkerLink } from "../../link/worker-link.ts";
import type { Canaries } from "../../workers/canaries.ts";
import { FleetError, unknownWorker } from "../../workers/errors.ts";
import type { Fleet } from "../../workers/fleet.ts";
import { stateOf } from "../../workers/member-state.ts";
import type { Member } from "../../workers/member.ts";
import { sendJson } from "../answers.ts";
import { HttpError } from "../errors.ts";
import { ownContract, studioError } from "../own-contract.ts";
import { checkedBody } from "../validate.ts";
import { canaryShown, workerShown, type WorkerViewParts } from "./worker-view.ts";

export interface WorkerRouteParts extends WorkerViewParts {
  readonly fleet: Fleet;
  readonly canaries: Pick<Canaries, "run" | "countOn">;
}

const MODES = ["on", "paused", "draining", "disabled"] as const;
const TAGS = Type.Array(Type.String({ minLength: 1, maxLength: 50 }), { maxItems: 10 });

/** `null`: what the worker says of itself counts again. */
export const CHANGE = Type.Object({
  mode: Type.Optional(Type.Union(MODES.map((mode) => Type.Literal(mode)))),
  tags: Type.Optional(Type.Union([TAGS, Type.Null()])),
  concurrency: Type.Optional(Type.Union([Type.Integer({ minimum: 1, maximum: 64 }), Type.Null()])),
});

export const FREE = Type.Object({
  unload_models: Type.Optional(Type.Boolean()),
  free_memory: Type.Optional(Type.Boolean()),
});

/** Registers looking (scope `read`) and changing (scope `admin`). */
export function registerWorkers(app: FastifyInstance, parts: WorkerRouteParts): void {
  const { fleet, canaries, zone } = parts;
  const register = ownContract(app, studioError);
  const path = "/api/admin/workers/:name";

  register("GET", "/api/admin/workers", "read", async ({ identity }, reply) =>
    sendJson(reply, await Promise.all(fleet.members.map((member) => workerShown(parts, member, identity)))),
  );

  register("GET", path, "read", async (request, reply) =>
    sendJson(reply, await workerShown(parts, memberOf(fleet, request), request.identity)),
  );

  register("PATCH", path, "admin", async (request, reply) => {
    const { name } = memberOf(fleet, request);
    const member = await saying(fleet.configure(name, checkedBody(request, CHANGE)));
    return sendJson(reply, await workerShown(parts, member, request.identity));
  });

  register("POST", `${path}/canary`, "admin", async (request, reply) => {
    const member = memberOf(fleet, request);
    const { name } = member;
    const link = connected(member);
    const { state, problem } = stateOf(member);
    if (state === "unavailable")
      throw new HttpError(409, `the worker '${name}' cannot run anything: ${problem}`);
    if (canaries.countOn(link) > 0) throw new HttpError(409, `the worker '${name}' has a canary already`);
    // It would wait behind the job, and be taken for one that does not end.
    if (member.running.size > 0) throw new HttpError(409, `the worker '${name}' is busy with a job`);
    return sendJson(reply, canaryShown(await saying(sung(canaries, name)), zone));
  });

  register("POST", `${path}/free`, "admin", (request, reply) => {
    const member = memberOf(fleet, request);
    const { unload_models, free_memory } = checkedBody(request, FREE);
    const freeMemory = free_memory ?? unload_models === undefined;
    // As with ComfyUI's own /free, models go before the memory that they hold.
    const unloadModels = freeMemory || unload_models === true;
    const link = connected(member);
    if (unloadModels) link.send({ type: "free", unloadModels, freeMemory });
    return sendJson(reply, { name: member.name, unload_models: unloadModels, free_memory: freeMemory });
  });

  register("DELETE", path, "admin", async (request, reply) => {
    const { name } = memberOf(fleet, request);
    await saying(fleet.forget(name));
    return sendJson(reply, { forgotten: name });
  });
}

function memberOf(fleet: Fleet, request: FastifyRequest): Member {
  const { name } = request.params as { name: string };
  const member = fleet.named(name);
  if (member === undefined) throw new HttpError(404, unknownWorker(name).message);
  return member;
}

function connected({ name, link }: Member): WorkerLink {
  if (link === undefined) throw new HttpError(409, `the worker '${name}' is not connected`);
  return link;
}

/** Sends a canary and waits for its report. */
async function sung(canaries: Pick<Canaries, "run">, name: string): ReturnType<Canaries["run"]> {
  try {
    return await canaries.run(name);
  } catch (error) {
    if (error instanceof RangeError) throw new FleetError(409, error.message);
    throw error;
  }
}

/** What an operator cannot do with a worker, in the words of the contract. */
async function saying<T>(done: Promise<T>): Promise<T> {
  try {
    return await done;
  } catch (error) {
    if (error instanceof FleetError) throw new HttpError(error.statusCode, error.message);
    throw error;
  }
}
