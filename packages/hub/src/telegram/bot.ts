/**
 * The Telegram bot: runs public presets for paired chats, and tells them what happens. grammY is loaded when the bot is
 * started first, so that a hub without a bot does not carry it.
 */
import { setTimeout as wait } from "node:timers/promises";
import { rm } from "node:fs/promises";
import type { Api, Bot, GrammyError } from "grammy";
import { Chats } from "./chats.ts";
import { Conversation } from "./conversation.ts";
import { type FileMaker, sendOutcome } from "./outcome-messages.ts";
import type { TelegramParts } from "./parts.ts";
import { ChatRuns } from "./runs.ts";

export interface TelegramStatus {
  readonly running: boolean;
  /** there is a token */
  readonly configured: boolean;
  /** the bot's display name; empty while it is not known */
  readonly name: string;
  readonly username: string;
  /** paired ones */
  readonly chats: number;
  /** why it ended by itself */
  readonly error: string | null;
}

export type StartAnswer = "started" | "already running" | "no token configured";
export type StopAnswer = "stopped" | "not running";

/** What happened in the hub, as the event log words it. */
export interface Happening {
  readonly type: string;
  readonly message: string;
}

/** The bot could not be started; the message says why. */
export class TelegramError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "TelegramError";
  }
}

interface Running {
  readonly bot: Bot;
  readonly File: FileMaker;
  readonly polling: Promise<void>;
  readonly timer: NodeJS.Timeout;
}

const TELEGRAM = "https://api.telegram.org";
/** Types of events that chats hear of, unless they said `/notify off`. */
const NOTIFIED = /^(job\.(completed|failed)|model\.download\.|system\.updated$)/;
const START_MS = 15_000;
const STOP_MS = 5_000;
const LOOK_MS = 5_000;
const MAX_PAUSE_S = 60;
const MAX_WAITING = 100;

export class TelegramBot {
  readonly #parts: TelegramParts;
  readonly chats: Chats;
  readonly #runs: ChatRuns;
  #running: Running | undefined;
  #changing: Promise<unknown> = Promise.resolve();
  #looking: Promise<void> | undefined;
  #telling: Promise<void> = Promise.resolve();
  #waiting = 0;
  #error: string | null = null;
  #me = { name: "", username: "" };

  constructor(parts: TelegramParts) {
    this.#parts = parts;
    this.chats = new Chats(parts.documents);
    this.#runs = new ChatRuns(parts.documents);
  }

  async status(): Promise<TelegramStatus> {
    const chats = (await this.chats.list()).length;
    const configured = (this.#parts.token() ?? "") !== "";
    return { running: this.#running !== undefined, configured, ...this.#me, chats, error: this.#error };
  }

  /** Starts polling. @throws TelegramError when Telegram refuses the token or cannot be reached */
  start(): Promise<StartAnswer> {
    return this.#oneByOne(async () => {
      if (this.#running !== undefined) return "already running";
      const token = this.#parts.token() ?? "";
      if (token === "") return "no token configured";
      this.#running = await this.#begin(token);
      void this.#look();
      return "started";
    });
  }

  stop(): Promise<StopAnswer> {
    return this.#oneByOne(async () => {
      const running = this.#running;
      if (running === undefined) return "not running";
      this.#running = undefined;
      clearInterval(running.timer);
      // Telegram is told once more what was handled; when it is away, the next start hears the last message again.
      const told = running.bot.stop().catch(() => undefined);
      await Promise.race([told, wait(STOP_MS, undefined, { ref: false })]);
      await running.polling;
      await this.#looking;
      return "stopped";
    });
  }

  /** Ends everything, with the hub. */
  async close(): Promise<void> {
    await this.stop();
    await this.#telling;
    await rm(this.#parts.directory, { recursive: true, force: true });
  }

  /** Tells paired chats what happened. Returns at once; while too much waits, more is dropped. */
  tell({ type, message }: Happening): void {
    const { log } = this.#parts;
    const running = this.#running;
    if (running === undefined || !NOTIFIED.test(type) || this.#waiting >= MAX_WAITING) return;
    this.#waiting += 1;
    this.#telling = this.#telling
      .then(async () => {
        for (const { id, notify } of await this.chats.list()) {
          if (!notify || this.#running !== running) continue;
          await running.bot.api
            .sendMessage(id, message)
            .catch((error: unknown) => log.warn({ err: error }, "a chat could not be told"));
        }
      })
      .catch((error: unknown) => log.warn({ err: error }, "the chats could not be told"))
      .finally(() => (this.#waiting -= 1));
  }

  /** Looks at once whether a job that a chat started has ended: to be called when any job did. */
  jobEnded(): void {
    void this.#look();
  }

  async #begin(token: string): Promise<Running> {
    const { apiRoot = TELEGRAM, pollSeconds = 30, lookMs = LOOK_MS, log } = this.#parts;
    const { Bot, InlineKeyboard, InputFile } = await import("grammy");
    const bot = new Bot(token, { client: { apiRoot, timeoutSeconds: pollSeconds + 30 } });
    retryWhenAsked(bot.api);
    bot.catch(({ error }) => log.warn({ err: error }, "a message to the bot could not be handled"));
    new Conversation({
      ...this.#parts,
      chats: this.chats,
      runs: this.#runs,
      keyboard: () => new InlineKeyboard(),
      addressOf: (filePath) => `${apiRoot}/file/bot${token}/${filePath}`,
      begun: () => void this.#look(),
    }).attach(bot);
    await bot.init(AbortSignal.timeout(START_MS) as never).catch((error: unknown) => {
      throw new TelegramError(reasonOf(error));
    });
    this.#me = { name: bot.botInfo.first_name, username: bot.botInfo.username };
    this.#error = null;
    const polling = bot
      .start({ timeout: pollSeconds, allowed_updates: ["message", "callback_query"] })
      .catch((error: unknown) => this.#ended(bot, error));
    const timer = setInterval(() => void this.#look(), lookMs).unref();
    return { bot, File: InputFile as FileMaker, polling, timer };
  }

  /** Polling ended by itself: another program uses the token, or it was withdrawn. */
  #ended(bot: Bot, error: unknown): void {
    if (this.#running?.bot !== bot) return;
    clearInterval(this.#running.timer);
    this.#running = undefined;
    this.#error = reasonOf(error);
    this.#parts.log.error({ err: error }, "the Telegram bot has ended");
  }

  /** Sends what came of the jobs that chats started; one look at a time. */
  #look(): Promise<void> {
    this.#looking ??= this.#lookOnce()
      .catch((error: unknown) =>
        this.#parts.log.warn({ err: error }, "the outcome of a run could not be sent"),
      )
      .finally(() => (this.#looking = undefined));
    return this.#looking;
  }

  async #lookOnce(): Promise<void> {
    for (const run of await this.#runs.list()) {
      const running = this.#running;
      if (running === undefined) return;
      const outcome = await this.#parts.outcome(run.promptId);
      if (outcome === undefined) continue;
      // Removed first: a chat that cannot be reached must not be tried for ever, nor be told twice.
      await this.#runs.remove(run.promptId);
      await sendOutcome(running.bot.api, running.File, run, outcome).catch((error: unknown) =>
        this.#parts.log.warn({ err: error }, "the outcome of a run could not be sent"),
      );
    }
  }

  #oneByOne<T>(act: () => Promise<T>): Promise<T> {
    const result = this.#changing.then(act);
    this.#changing = result.catch(() => undefined);
    return result;
  }
}

/** Telegram says how long it wants to be left alone; the call is made once more after that. */
function retryWhenAsked(api: Api): void {
  api.config.use(async (call, method, payload, signal) => {
    const answer = await call(method, payload, signal);
    const pause = answer.ok ? undefined : answer.parameters?.retry_after;
    if (pause === undefined || pause > MAX_PAUSE_S) return answer;
    await wait(pause * 1000);
    return call(method, payload, signal);
  });
}

/** Without the token, which the addresses of the Bot API hold. */
function reasonOf(error: unknown): string {
  const { error_code: code, description } = error as Partial<GrammyError>;
  if (code === 401 || code === 404) return "Telegram refuses the token";
  if (code === 409) return "Another program polls with the same token";
  if (code !== undefined) return `Telegram answered ${code}: ${description ?? ""}`;
  return "Telegram cannot be reached";
}
