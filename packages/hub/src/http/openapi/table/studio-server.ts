/** Keys, settings and telemetry of Studio, and its Telegram bot. */
import { Type } from "typebox";
import { CHANGE, REVEAL } from "../../studio/env.ts";
import { NEW_KEY } from "../../studio/keys.ts";
import { json, jsonBody, type Operation } from "../operation.ts";
import { anyObject, open, orNull } from "../schema.ts";
import { ref } from "../schemas/ref.ts";
import { ID, studioRows } from "./studio-words.ts";

const TAG = "Studio: server";
const text = Type.String();
const settings = json("The settings.", open({ max_concurrent: Type.Integer({ minimum: 1 }) }));

export const STUDIO_SERVER: readonly Operation[] = studioRows([
  {
    id: "studioListKeys",
    method: "GET",
    path: "/api/admin/keys",
    scope: "admin",
    tag: TAG,
    summary: "Named keys",
    answers: { 200: json("Without the keys themselves.", Type.Array(ref("StudioKey"))) },
  },
  {
    id: "studioMakeKey",
    method: "POST",
    path: "/api/admin/keys",
    scope: "admin",
    tag: TAG,
    summary: "Make a named key",
    body: jsonBody(NEW_KEY),
    answers: { 200: json("The key; `key` is shown this once.", ref("StudioKey")) },
  },
  {
    id: "studioRevokeKey",
    method: "DELETE",
    path: "/api/admin/keys/:id",
    scope: "admin",
    tag: TAG,
    summary: "Revoke a named key",
    parameters: [ID],
    answers: { 200: json("Revoked.", open({ revoked: text })) },
    refusals: { 404: "There is no such key." },
  },
  {
    id: "studioGetSettings",
    method: "GET",
    path: "/api/admin/settings",
    scope: "read",
    tag: TAG,
    summary: "Settings of the running server",
    answers: { 200: settings },
  },
  {
    id: "studioChangeSettings",
    method: "PUT",
    path: "/api/admin/settings",
    scope: "admin",
    tag: TAG,
    summary: "Change settings of the running server",
    // The route's own schema names a type that JSON Schema has not: it takes exact integers of any size.
    body: jsonBody(open({ max_concurrent: Type.Optional(Type.Integer()) })),
    answers: { 200: settings },
  },
  {
    id: "studioListVariables",
    method: "GET",
    path: "/api/admin/settings/env",
    scope: "admin",
    tag: TAG,
    summary: "Environment variables, secrets masked",
    answers: { 200: json("In groups.", open({ groups: Type.Array(anyObject()) })) },
  },
  {
    id: "studioSetVariable",
    method: "PUT",
    path: "/api/admin/settings/env",
    scope: "admin",
    tag: TAG,
    summary: "Set an environment variable",
    description: "An empty value takes it away.",
    body: jsonBody(CHANGE),
    answers: { 200: json("Set.", open({ key: text, value: text })) },
    refusals: { 400: "The variable cannot be set, or not to this." },
  },
  {
    id: "studioRevealVariables",
    method: "POST",
    path: "/api/admin/settings/reveal",
    scope: "admin",
    tag: TAG,
    summary: "Secrets, for who gives the server's own key once more",
    body: jsonBody(REVEAL),
    answers: { 200: json("The secrets.", ref("StudioVariables")) },
    refusals: { 403: "`api_key` is not the server's own, or the key lacks the scope." },
  },
  {
    id: "studioGetTelemetry",
    method: "GET",
    path: "/api/admin/telemetry",
    scope: "read",
    tag: TAG,
    summary: "Load of cards, processors, memory and disk",
    answers: {
      200: json(
        "Percentages, and bytes.",
        open({
          gpu: orNull(anyObject()),
          gpus: Type.Array(anyObject()),
          cpu_percent: Type.Number(),
          ram_total: Type.Number(),
          ram_used: Type.Number(),
          ram_percent: Type.Number(),
          disk_total: Type.Number(),
          disk_used: Type.Number(),
          disk_percent: Type.Number(),
        }),
      ),
    },
  },
  {
    id: "studioGetBot",
    method: "GET",
    path: "/api/admin/telegram/status",
    scope: "read",
    tag: TAG,
    summary: "How the Telegram bot stands",
    answers: {
      200: json(
        "The bot.",
        open({
          running: Type.Boolean(),
          configured: Type.Boolean(),
          name: text,
          username: text,
          chats: Type.Integer({ minimum: 0 }),
          error: orNull(text),
        }),
      ),
    },
  },
  {
    id: "studioStartBot",
    method: "POST",
    path: "/api/admin/telegram/start",
    scope: "admin",
    tag: TAG,
    summary: "Start the Telegram bot",
    answers: { 200: json("What became of it.", open({ status: text })) },
    refusals: { 502: "Telegram refuses, or cannot be reached." },
  },
  {
    id: "studioStopBot",
    method: "POST",
    path: "/api/admin/telegram/stop",
    scope: "admin",
    tag: TAG,
    summary: "Stop the Telegram bot",
    answers: { 200: json("What became of it.", open({ status: text })) },
  },
  {
    id: "studioListChats",
    method: "GET",
    path: "/api/admin/telegram/chats",
    scope: "admin",
    tag: TAG,
    summary: "Paired chats, and the code to pair one",
    answers: {
      200: json(
        "The chats.",
        open({ pairing_code: text, pairing_link: orNull(text), chats: Type.Array(anyObject()) }),
      ),
    },
  },
  {
    id: "studioRemoveChat",
    method: "DELETE",
    path: "/api/admin/telegram/chats/:id",
    scope: "admin",
    tag: TAG,
    summary: "Unpair a chat",
    parameters: [ID],
    answers: { 200: json("Removed.", open({ removed: text })) },
    refusals: { 404: "No such chat is paired." },
  },
]);
