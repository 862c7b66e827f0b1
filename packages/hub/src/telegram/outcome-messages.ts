/** Sending what came of a run: its files with a caption, or why it failed. */
import { stat } from "node:fs/promises";
import type { Api, InputFile } from "grammy";
import type { OutcomeFile, RunOutcome } from "./parts.ts";
import type { ChatRun } from "./runs.ts";

const MB = 1024 * 1024;
/** What the Bot API takes as a photo, and as any file. */
const MAX_PHOTO = 10 * MB;
const MAX_FILE = 50 * MB;
/** A batch of hundreds would keep the chat busy for minutes. */
const MAX_FILES = 10;
const MAX_CAPTION = 1_024;

/** How grammY is told of a file; handed in, since grammY is loaded only while a bot runs. */
export type FileMaker = new (file: string, name: string) => InputFile;

/** Tells a chat how its run ended. @throws the error of the Bot API */
export async function sendOutcome(
  api: Api,
  File: FileMaker,
  run: ChatRun,
  outcome: RunOutcome | null,
): Promise<void> {
  const { chat, preset } = run;
  if (outcome === null) return void (await api.sendMessage(chat, `${preset}: the job is gone.`));
  const { error, files } = outcome;
  if (error !== undefined) return void (await api.sendMessage(chat, `${preset} failed: ${error}`));
  if (files.length === 0) return void (await api.sendMessage(chat, `${preset} is done, and made no file.`));
  const text = captionOf(preset, outcome);
  for (const [index, file] of files.slice(0, MAX_FILES).entries()) {
    await sendFile(api, File, chat, file, index === 0 ? text : undefined);
  }
  const rest = files.length - MAX_FILES;
  if (rest > 0) await api.sendMessage(chat, `${rest} more files are in Studio.`);
}

async function sendFile(
  api: Api,
  File: FileMaker,
  chat: string,
  { path, filename, media }: OutcomeFile,
  caption: string | undefined,
): Promise<void> {
  const size = (await stat(path).catch(() => undefined))?.size;
  const lead = caption === undefined ? "" : `${caption}\n`;
  if (size === undefined)
    return void (await api.sendMessage(chat, `${lead}${filename} is gone from the disk.`));
  if (size > MAX_FILE) {
    const text = `${lead}${filename} has ${Math.round(size / MB)} MB, more than Telegram takes: it is in Studio.`;
    return void (await api.sendMessage(chat, text));
  }
  const file = new File(path, filename);
  const more = caption === undefined ? {} : { caption };
  if (media === "image" && size <= MAX_PHOTO) await api.sendPhoto(chat, file, more);
  else if (media === "video") await api.sendVideo(chat, file, more);
  else if (media === "audio") await api.sendAudio(chat, file, more);
  else await api.sendDocument(chat, file, more);
}

function captionOf(preset: string, { seeds }: RunOutcome): string {
  const words = Object.entries(seeds).map(([name, seed]) => `${name} ${seed}`);
  return [preset, ...words].join("\n").slice(0, MAX_CAPTION);
}
