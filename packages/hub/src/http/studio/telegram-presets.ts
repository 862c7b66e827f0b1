/** What the Telegram bot offers and runs: the presets of Studio that are not private, through Studio's own runner. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { type Folders, type JsonObject, OutsideError, resolveInside } from "@hearth/protocol";
import type { Identity } from "../../auth/identity.ts";
import { UnknownWorkflowError } from "../../catalogue/errors.ts";
import { ManifestError } from "../../catalogue/manifest/read-manifest.ts";
import { placeholdersIn, withAnswers } from "../../catalogue/presets/placeholders.ts";
import type { Preset } from "../../catalogue/presets/presets.ts";
import { imageInput } from "../../catalogue/values/read-params.ts";
import { mediaOf } from "../../files/content-types.ts";
import type { OutcomeFile, PictureFile, PublicPreset, TelegramParts } from "../../telegram/parts.ts";
import type { ReceivedFile } from "../multipart.ts";
import { detailsOf, ENDED, shownFiles, studioRecord } from "./record.ts";
import { execute } from "./run-execute.ts";
import type { RunContext } from "./run-parts.ts";

/** Whose the jobs of chats are: a key of an application does not see them, the admin does. */
const TELEGRAM: Identity = { owner: "telegram", name: "telegram", scopes: ["run"] };

/** The parts of a bot that run presets in this Studio. */
export function telegramPresets(
  context: RunContext,
): Pick<TelegramParts, "presets" | "runPreset" | "outcome"> {
  return {
    presets: async () => {
      const offered = (await context.presets.list()).filter((preset) => !preset.private);
      const described = await Promise.all(offered.map((preset) => describe(preset, context)));
      return described.filter((preset) => preset !== undefined);
    },
    runPreset: async (id, answers, picture) => {
      const { workflow } = await context.presets.get(id);
      const params = withAnswers(workflow.params, { ...answers });
      const file = picture === undefined ? undefined : await asReceived(picture);
      const { prompt_id: promptId } = await execute(context, TELEGRAM, workflow.workflow_id, params, {
        fields: {},
        file,
      });
      return promptId;
    },
    outcome: async (promptId) => {
      const job = await context.store.recordByPromptId(promptId);
      if (job === undefined) return null;
      if (!ENDED.includes(job.state) && job.state !== "invalid") return undefined;
      const { error } = studioRecord(job);
      const reason = job.state === "stalled" ? "it was running when the server stopped" : textOf(error);
      return {
        ...(reason === undefined ? {} : { error: reason }),
        files: await filesOf(shownFiles(job.outputs), context.folders),
        seeds: seedsOf(detailsOf(job).seeds),
      };
    },
  };
}

/** `undefined`: its workflow is not here, or broken, so that nobody can run it. */
async function describe(preset: Preset, { catalogue }: RunContext): Promise<PublicPreset | undefined> {
  const { id, name, description, workflow } = preset;
  try {
    const picture = imageInput(await catalogue.manifest(workflow.workflow_id));
    const isGiven = picture !== undefined && (workflow.params[picture.id] ?? picture.default ?? "") !== "";
    return {
      id,
      name,
      description,
      questions: placeholdersIn(workflow.params).map(({ question, choices }) => ({ question, choices })),
      takesPicture: picture !== undefined && picture.required !== false && !isGiven,
    };
  } catch (error) {
    if (error instanceof UnknownWorkflowError || error instanceof ManifestError) return undefined;
    throw error;
  }
}

/** As a form brings one. It is at most as large as the Bot API gives out. */
async function asReceived({ path: file, filename }: PictureFile): Promise<ReceivedFile> {
  const bytes = await readFile(file);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return { filename, file, size: bytes.length, sha256 };
}

async function filesOf(
  shown: readonly { filename: string; subfolder: string; type: string }[],
  folders: Folders,
): Promise<OutcomeFile[]> {
  const files: OutcomeFile[] = [];
  for (const { filename, subfolder, type } of shown) {
    const root = type === "temp" ? folders.temp : folders.output;
    try {
      const media = mediaOf(filename);
      files.push({
        path: await resolveInside(root, path.join(subfolder, filename)),
        filename,
        media: media === undefined || media === "model" ? "other" : media,
      });
    } catch (error) {
      // A node class may say anything of its files.
      if (!(error instanceof OutsideError)) throw error;
    }
  }
  return files;
}

function seedsOf(seeds: JsonObject): Record<string, string> {
  return Object.fromEntries(Object.entries(seeds).map(([name, seed]) => [name, String(seed)]));
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
