/** The catalogue: `/api/admin/workflows`. */
import type { JsonObject } from "@hearth/protocol";
import type { FastifyInstance } from "fastify";
import { type CatalogueWorkflow } from "../../catalogue/catalogue.ts";
import { formInputs } from "../../catalogue/form.ts";
import { knownModels, type Readiness, readinessOf } from "../../catalogue/readiness.ts";
import { removeWorkflow } from "../../catalogue/write-workflow.ts";
import { sendJson } from "../answers.ts";
import { ownContract, studioError } from "../own-contract.ts";
import { registerImport } from "./import.ts";
import { answering } from "./run-errors.ts";
import type { RunContext } from "./run-parts.ts";
import { idOf } from "./run.ts";

export function registerWorkflows(app: FastifyInstance, context: RunContext): void {
  const register = ownContract(app, studioError);
  const { catalogue, nodeInfo, submit } = context;
  register("GET", "/api/admin/workflows", "read", async (_request, reply) => {
    await submit.whenNodesKnown();
    const models = knownModels(context);
    const listed = (await catalogue.list()).map((workflow) =>
      "error" in workflow
        ? { ...workflow, name: workflow.id, ready: false }
        : { ...summary(workflow), ...readinessOf(workflow, models, nodeInfo) },
    );
    return sendJson(reply, listed);
  });
  register(
    "GET",
    "/api/admin/workflows/:id",
    "read",
    answering(async (request, reply) => {
      const workflow = await catalogue.get(idOf(request));
      await submit.whenNodesKnown();
      const readiness: Readiness = readinessOf(workflow, knownModels(context), nodeInfo);
      const { manifest, document, blocks } = workflow;
      return sendJson(reply, {
        ...manifest,
        form: formInputs(manifest, context.names),
        ...(document === undefined ? { blocks: Object.fromEntries(blocks) } : { workflow: document }),
        ...readiness,
      });
    }),
  );
  register(
    "DELETE",
    "/api/admin/workflows/:id",
    "admin",
    answering(async (request, reply) => {
      await removeWorkflow(catalogue.folder, idOf(request));
      return sendJson(reply, { deleted: idOf(request) });
    }),
  );
  registerImport(app, context);
}

/** A manifest without its inputs. */
function summary({ manifest }: CatalogueWorkflow): JsonObject {
  const { inputs, outputs: _outputs, pipeline: _pipeline, ...shown } = manifest;
  return { ...shown, inputs_count: inputs.length } as unknown as JsonObject;
}
