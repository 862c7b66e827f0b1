/** What Studio says and does about the server as a whole. */
import { Type } from "typebox";
import { WANTED } from "../../studio/system-update.ts";
import { bytes, json, jsonBody, type Operation } from "../operation.ts";
import { anyObject, open } from "../schema.ts";
import { ref } from "../schemas/ref.ts";
import { studioRows } from "./studio-words.ts";

const TAG = "Studio: server";
const BASE = "/api/admin/system";
const text = Type.String();
const count = Type.Integer({ minimum: 0 });

export const STUDIO_SYSTEM: readonly Operation[] = studioRows([
  {
    id: "studioGetSystem",
    method: "GET",
    path: `${BASE}/status`,
    scope: "read",
    tag: TAG,
    summary: "Versions and counts",
    answers: {
      200: json("The status.", open({ components: anyObject(), comfyui: anyObject(), disk: anyObject() })),
    },
  },
  {
    id: "studioGetUptime",
    method: "GET",
    path: `${BASE}/uptime`,
    scope: "read",
    tag: TAG,
    summary: "Since when the server runs",
    answers: { 200: json("Since then.", open({ started_at: text, uptime_seconds: count })) },
  },
  {
    id: "studioReloadCatalogs",
    method: "POST",
    path: `${BASE}/reload-catalogs`,
    scope: "admin",
    tag: TAG,
    summary: "Read the catalogues anew",
    answers: {
      200: json(
        "How much they have.",
        open({
          message: text,
          counts: open({ models: count, loras: count, llm_models: count, workflows: count }),
        }),
      ),
    },
  },
  {
    id: "studioGetFlushStatus",
    method: "GET",
    path: `${BASE}/flush-status`,
    scope: "read",
    tag: TAG,
    summary: "Whether the databases are whole without their logs",
    answers: {
      200: json("The databases.", open({ flushed: Type.Boolean(), databases: ref("StudioDatabases") })),
    },
  },
  {
    id: "studioPrepareShutdown",
    method: "POST",
    path: `${BASE}/prepare-shutdown`,
    scope: "admin",
    tag: TAG,
    summary: "Pause downloads and write the databases' logs back",
    answers: { 200: json("Done.", open({ message: text, databases: ref("StudioDatabases") })) },
  },
  {
    id: "studioRestart",
    method: "POST",
    path: `${BASE}/restart`,
    scope: "admin",
    tag: TAG,
    summary: "Restart the server",
    answers: { 200: json("It restarts after this answer.", open({ message: text })) },
  },
  {
    id: "studioGetExtension",
    method: "GET",
    path: `${BASE}/chrome-extension`,
    scope: "read",
    tag: TAG,
    summary: "The browser extension",
    answers: { 200: bytes("The archive.", "application/zip") },
    refusals: { 404: "This server has none." },
  },
  {
    id: "studioGetRemoteVersion",
    method: "GET",
    path: `${BASE}/remote-version`,
    scope: "admin",
    tag: TAG,
    summary: "The version that an update would bring",
    answers: { 200: json("Both versions.", open({ remote: Type.Unknown(), local: Type.Unknown() })) },
    refusals: { 500: "The repository cannot be fetched." },
  },
  {
    id: "studioUpdate",
    method: "POST",
    path: `${BASE}/update`,
    scope: "admin",
    tag: TAG,
    summary: "Update the server",
    body: jsonBody(WANTED),
    answers: {
      200: json(
        "What was updated; `blocked` when it needs another image.",
        open({ updated: ref("Strings"), restart_needed: Type.Boolean(), message: text }),
      ),
    },
    refusals: { 409: "An update is running.", 500: "The update failed." },
  },
]);
