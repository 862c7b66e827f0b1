/** The bot's side of a chat: what it says to each message and button. */
import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import path from "node:path";
import type { Bot, Context, Filter, InlineKeyboard } from "grammy";
import type { Chats } from "./chats.ts";
import type { PictureFile, PublicPreset, TelegramParts } from "./parts.ts";
import { fetchPicture } from "./picture.ts";
import type { ChatRuns } from "./runs.ts";
import { Session } from "./session.ts";

export interface ConversationParts extends TelegramParts {
  readonly chats: Chats;
  readonly runs: ChatRuns;
  /** makes an empty keyboard; handed in, since grammY is loaded only while a bot runs */
  readonly keyboard: () => InlineKeyboard;
  /** the address of a file of the Bot API */
  readonly addressOf: (filePath: string) => string;
  /** a run has begun */
  readonly begun: () => void;
}

type TextContext = Filter<Context, "message:text">;
type ButtonContext = Filter<Context, "callback_query:data">;
type PhotoContext = Filter<Context, "message:photo" | "message:document">;

const HELP = [
  "/run - choose a preset and run it",
  "/cancel - forget what was begun",
  "/notify on or /notify off - messages about what happens",
].join("\n");
const MAX_BUTTONS = 50;
const MAX_LABEL = 60;
const PICTURES = new Map([
  ["image/jpeg", ".jpg"],
  ["image/png", ".png"],
  ["image/webp", ".webp"],
]);

export class Conversation {
  readonly #parts: ConversationParts;
  readonly #sessions = new Map<string, Session>();

  constructor(parts: ConversationParts) {
    this.#parts = parts;
  }

  /** Puts the handlers on a bot. */
  attach(bot: Bot): void {
    bot.command("start", (context) => this.#start(context, context.match));
    bot.use(async (context, next) => {
      const chat = chatOf(context);
      if (chat === undefined) return;
      if ((await this.#parts.chats.get(chat)) !== undefined) return next();
      await context.reply("This bot is private. Its operator finds the pairing link in Studio.");
    });
    bot.command("help", (context) => context.reply(HELP));
    bot.command("run", (context) => this.#offer(context));
    bot.command("cancel", async (context) => {
      await this.#forget(chatOf(context) ?? "");
      await context.reply("Forgotten. /run begins anew.");
    });
    bot.command("notify", async (context) => {
      const word = context.match.trim();
      if (word !== "on" && word !== "off")
        return void (await context.reply("Say /notify on or /notify off."));
      await this.#parts.chats.setNotify(chatOf(context) ?? "", word === "on");
      await context.reply(`Messages about what happens are ${word}.`);
    });
    bot.on("message:text", (context) => this.#text(context));
    bot.on(["message:photo", "message:document"], (context) => this.#picture(context));
    bot.on("callback_query:data", (context) => this.#button(context));
  }

  async #start(context: Context, code: string): Promise<void> {
    const chat = chatOf(context);
    if (chat === undefined) return;
    const { chats } = this.#parts;
    const isPaired = (await chats.get(chat)) !== undefined;
    if (isPaired || (await chats.pair(chat, nameOf(context), code))) {
      await context.reply(`This chat is paired.\n${HELP}`);
    } else await context.reply("This bot is private. Its operator finds the pairing link in Studio.");
  }

  async #offer(context: Context): Promise<void> {
    const chat = chatOf(context) ?? "";
    await this.#forget(chat);
    const presets = (await this.#parts.presets()).slice(0, MAX_BUTTONS);
    if (presets.length === 0) return void (await context.reply("There is no public preset."));
    this.#sessions.set(chat, new Session(randomBytes(6).toString("base64url"), presets));
    await this.#ask(context, chat);
  }

  async #text(context: TextContext): Promise<void> {
    const chat = chatOf(context) ?? "";
    const session = this.#sessions.get(chat);
    if (session === undefined) return void (await context.reply(HELP));
    if (session.step.kind !== "asking") return this.#ask(context, chat);
    const wrong = session.answer(context.message.text);
    if (wrong !== undefined) await context.reply(wrong);
    else await this.#ask(context, chat);
  }

  async #picture(context: PhotoContext): Promise<void> {
    const chat = chatOf(context) ?? "";
    const session = this.#sessions.get(chat);
    if (session?.step.kind !== "picture") return void (await context.reply("No picture is wanted now."));
    const { photo, document } = context.message;
    const ending = document === undefined ? ".jpg" : PICTURES.get(document.mime_type ?? "");
    // Of a photo Telegram keeps several sizes; the last is the largest.
    const fileId = document?.file_id ?? photo?.at(-1)?.file_id;
    if (ending === undefined || fileId === undefined) {
      return void (await context.reply("Send a picture as JPEG, PNG or WebP."));
    }
    const { file_path } = await context.api.getFile(fileId);
    if (file_path === undefined) return void (await context.reply("The picture is larger than 20 MB."));
    try {
      session.picture = await fetchPicture(this.#parts.addressOf(file_path), this.#parts.directory, ending);
    } catch (error) {
      return void (await context.reply((error as Error).message));
    }
    await this.#ask(context, chat);
  }

  async #button(context: ButtonContext): Promise<void> {
    await context.answerCallbackQuery();
    const chat = chatOf(context) ?? "";
    const session = this.#sessions.get(chat);
    const [mark, act = "", index = ""] = context.callbackQuery.data.split(":");
    if (session === undefined || session.mark !== mark) {
      return void (await context.reply("This button is from before. /run begins anew."));
    }
    const { step } = session;
    if (act === "preset" && step.kind === "choosing") session.choose(Number(index));
    else if (act === "answer" && step.kind === "asking")
      session.answer(step.question.choices?.[Number(index)] ?? "");
    else if (act === "go" && step.kind === "confirming") return this.#run(context, chat, session);
    else if (act === "stop") {
      await this.#forget(chat);
      return void (await context.reply("Forgotten."));
    }
    await this.#ask(context, chat);
  }

  /** Says what this step wants. */
  async #ask(context: Context, chat: string): Promise<void> {
    const session = this.#sessions.get(chat);
    if (session === undefined) return;
    const { step, mark, preset } = session;
    const keys = this.#parts.keyboard();
    switch (step.kind) {
      case "choosing":
        for (const [index, { name }] of step.presets.entries()) {
          keys.text(name.slice(0, MAX_LABEL), `${mark}:preset:${index}`).row();
        }
        return void (await context.reply("Which preset?", { reply_markup: keys }));
      case "asking": {
        const { question, choices } = step.question;
        if (choices === null) return void (await context.reply(`${question}?`));
        for (const [index, choice] of choices.entries()) {
          keys.text(choice.slice(0, MAX_LABEL), `${mark}:answer:${index}`).row();
        }
        return void (await context.reply(`${question}?`, { reply_markup: keys }));
      }
      case "picture":
        return void (await context.reply("Send a picture."));
      case "confirming": {
        keys.text("Run", `${mark}:go`).text("Cancel", `${mark}:stop`);
        const lines = Object.entries(session.answers).map(([question, answer]) => `${question}: ${answer}`);
        const text = [`Run ${preset?.name ?? ""}?`, preset?.description ?? "", ...lines];
        const shown = text.filter((line) => line !== "").join("\n");
        return void (await context.reply(shown, { reply_markup: keys }));
      }
      default:
        return step satisfies never;
    }
  }

  async #run(context: Context, chat: string, session: Session): Promise<void> {
    const { preset, answers, picture } = session;
    if (preset === undefined) return;
    this.#sessions.delete(chat);
    const said = await this.#begin(chat, preset, answers, picture).finally(() => removePicture(session));
    await context.reply(said);
    // A job that has ended already is told of after this.
    this.#parts.begun();
  }

  /** Starts the job; gives what the chat is told. */
  async #begin(
    chat: string,
    { id, name }: PublicPreset,
    answers: Readonly<Record<string, string>>,
    picture: PictureFile | undefined,
  ): Promise<string> {
    try {
      const promptId = await this.#parts.runPreset(id, answers, picture);
      await this.#parts.runs.add({ promptId, chat, preset: name });
      return `${name} is queued.`;
    } catch (error) {
      this.#parts.log.warn({ err: error, preset: id }, "a preset could not be run from a chat");
      return `${name} could not be run: ${(error as Error).message}`;
    }
  }

  async #forget(chat: string): Promise<void> {
    const session = this.#sessions.get(chat);
    this.#sessions.delete(chat);
    if (session !== undefined) await removePicture(session);
  }
}

async function removePicture({ picture }: Session): Promise<void> {
  if (picture !== undefined) await rm(path.resolve(picture.path), { force: true });
}

function chatOf({ chat }: Context): string | undefined {
  return chat === undefined ? undefined : String(chat.id);
}

function nameOf({ chat, from }: Context): string {
  return chat?.title ?? from?.username ?? from?.first_name ?? "";
}
