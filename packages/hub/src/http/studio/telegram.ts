/** The Telegram bot: how it stands, start, stop, and who is paired with it. */
import type { FastifyInstance } from "fastify";
import { type TelegramBot, TelegramError } from "../../telegram/bot.ts";
import { sendJson } from "../answers.ts";
import { HttpError } from "../errors.ts";
import { ownContract, studioError } from "../own-contract.ts";

/** Registers `/api/admin/telegram/…`. The bot itself is started and closed by the hub. */
export function registerTelegram(app: FastifyInstance, bot: TelegramBot): void {
  const register = ownContract(app, studioError);
  register("GET", "/api/admin/telegram/status", "read", async (_request, reply) =>
    sendJson(reply, await bot.status()),
  );
  register("POST", "/api/admin/telegram/start", "admin", async (_request, reply) => {
    try {
      return sendJson(reply, { status: await bot.start() });
    } catch (error) {
      if (error instanceof TelegramError) throw new HttpError(502, error.message);
      throw error;
    }
  });
  register("POST", "/api/admin/telegram/stop", "admin", async (_request, reply) =>
    sendJson(reply, { status: await bot.stop() }),
  );
  register("GET", "/api/admin/telegram/chats", "admin", async (_request, reply) => {
    const { username } = await bot.status();
    const code = await bot.chats.code();
    return sendJson(reply.header("cache-control", "no-store"), {
      pairing_code: code,
      pairing_link: username === "" ? null : `https://t.me/${username}?start=${code}`,
      chats: await bot.chats.list(),
    });
  });
  register("DELETE", "/api/admin/telegram/chats/:id", "admin", async (request, reply) => {
    const { id } = request.params as { id: string };
    if (!(await bot.chats.remove(id))) throw new HttpError(404, `No chat '${id}' is paired`);
    return sendJson(reply, { removed: id });
  });
}
