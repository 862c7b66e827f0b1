/** What packs bring for the web page, `/internal`, signing in, and what monitors and programs ask. */
import { Type } from "typebox";
import { type Answer, bytes, empty, inPath, json, jsonBody, type Operation, text } from "../operation.ts";
import { anyObject, closed, mapOf, open, orNull, words } from "../schema.ts";
import { ref } from "../schemas/ref.ts";

const page = (description: string): Answer => ({ description, content: { "text/html": Type.String() } });

export const WEB: readonly Operation[] = [
  {
    id: "getPage",
    method: "GET",
    path: "/",
    tag: "web page",
    summary: "The web page",
    description:
      "The front end of `--front-end-root`, or a page of our own. Every path without an operation is looked up among its files too.",
    answers: { 200: page("The page."), 404: empty("The front end has no `index.html`.") },
  },
  {
    id: "getPageBelowApi",
    method: "GET",
    path: "/api/",
    tag: "web page",
    summary: "The web page",
    answers: { 200: page("The page."), 404: empty("The front end has no `index.html`.") },
    unlisted: "it is getPage under the other prefix",
  },
  {
    id: "listExtensions",
    method: "GET",
    path: "/api/extensions",
    twin: true,
    tag: "web page",
    summary: "Scripts that the page loads",
    answers: { 200: json("Their URL paths.", ref("Strings")) },
  },
  {
    id: "listTemplates",
    method: "GET",
    path: "/api/workflow_templates",
    twin: true,
    tag: "web page",
    summary: "Example workflows of packs",
    answers: { 200: json("Pack → names.", mapOf(ref("Strings"))) },
  },
  {
    id: "getTemplate",
    method: "GET",
    path: "/api/workflow_templates/:name/*",
    tag: "web page",
    summary: "A file of a pack's examples",
    parameters: [inPath("name", "The pack."), inPath("path", "The file, e.g. `portrait.json`.")],
    answers: {
      200: bytes("The file.", "*/*"),
      206: bytes("The range that was asked for.", "*/*"),
      304: empty("It is as the caller knows it."),
      403: text("It is a folder, or a link that leads out."),
      404: {
        description: "There is no such pack or file.",
        content: { "application/octet-stream": Type.String(), "text/plain": Type.String() },
      },
      416: empty("The range lies outside the file."),
    },
  },
  {
    id: "getTranslations",
    method: "GET",
    path: "/api/i18n",
    twin: true,
    tag: "web page",
    summary: "Translations that packs bring",
    answers: { 200: json("Language → texts.", mapOf(anyObject())) },
  },
  {
    id: "listSubgraphs",
    method: "GET",
    path: "/api/global_subgraphs",
    twin: true,
    tag: "web page",
    summary: "Blueprints of subgraphs",
    answers: { 200: json("By id.", mapOf(ref("SubgraphInfo"))) },
  },
  {
    id: "getSubgraph",
    method: "GET",
    path: "/api/global_subgraphs/:id",
    twin: true,
    tag: "web page",
    summary: "One blueprint with its graph",
    parameters: [inPath("id", "Its id.")],
    answers: { 200: json("The blueprint; null for an unknown id.", orNull(ref("Subgraph"))) },
  },
];

export const INTERNAL: readonly Operation[] = [
  {
    id: "getLog",
    method: "GET",
    path: "/internal/logs",
    tag: "internal",
    summary: "The last lines of the log as one text",
    answers: { 200: json("The lines, each with its time.", Type.String()) },
  },
  {
    id: "getLogEntries",
    method: "GET",
    path: "/internal/logs/raw",
    tag: "internal",
    summary: "The last lines of the log",
    answers: { 200: json("The lines.", ref("LogPage")) },
  },
  {
    id: "followLog",
    method: "PATCH",
    path: "/internal/logs/subscribe",
    tag: "internal",
    summary: "Send new lines of the log to a socket, or stop that",
    body: jsonBody(open({ clientId: Type.String(), enabled: Type.Boolean() })),
    answers: {
      200: empty("Done; an unknown id is ignored."),
      400: {
        description: "The body is not JSON (said as JSON), or lacks a member (said as text).",
        content: { "application/json": ref("PromptRefusal"), "text/plain": Type.String() },
      },
    },
  },
  {
    id: "listFolders",
    method: "GET",
    path: "/internal/folder_paths",
    tag: "internal",
    summary: "Folders of all model types",
    answers: { 200: json("Type → absolute folders.", mapOf(ref("Strings"))) },
  },
  {
    id: "listFiles",
    method: "GET",
    path: "/internal/files/:directory_type",
    tag: "internal",
    summary: "Files on top of a folder, the newest first",
    parameters: [inPath("directory_type", "Which one.", words("input", "output", "temp"))],
    answers: {
      200: json("`name [type]` each.", ref("Strings")),
      400: json("There is no such word.", ref("Problem")),
      404: json("The folder is not there.", ref("Problem")),
    },
  },
];

export const OPERATIONS: readonly Operation[] = [
  {
    id: "getSignInPage",
    method: "GET",
    path: "/login",
    tag: "signing in",
    open: true,
    summary: "The page that asks for the key",
    answers: { 200: page("The page.") },
  },
  {
    id: "signIn",
    method: "POST",
    path: "/api/auth/login",
    tag: "signing in",
    open: true,
    summary: "Show the key, get a session",
    description: "The session is a cookie. Wrong keys are throttled for each address.",
    body: {
      required: true,
      content: {
        "application/json": open({ api_key: Type.String(), next: Type.Optional(Type.String()) }),
        "application/x-www-form-urlencoded": open({
          api_key: Type.String(),
          next: Type.Optional(Type.String({ description: "a path of this server to go on to" })),
        }),
      },
    },
    answers: {
      200: json("Signed in.", closed({ status: words("ok"), redirect: Type.String() })),
      303: empty("Signed in by a form: to the page that was asked for."),
      400: json("The body is not JSON.", ref("PromptRefusal")),
      401: json("The key is wrong.", closed({ detail: Type.String() })),
      422: json("There is no key.", closed({ detail: Type.String() })),
      429: json("Too many wrong keys; `Retry-After` says how long.", closed({ detail: Type.String() })),
    },
  },
  {
    id: "signOut",
    method: "POST",
    path: "/api/auth/logout",
    tag: "signing in",
    summary: "End the session",
    answers: { 302: empty("To the sign-in page.") },
  },
  {
    id: "getHealth",
    method: "GET",
    path: "/api/health",
    tag: "operations",
    open: true,
    summary: "Whether the process answers",
    answers: { 200: json("It does.", open({ status: Type.String() })) },
  },
  {
    id: "getReadiness",
    method: "GET",
    path: "/ready",
    tag: "operations",
    open: true,
    summary: "Whether a job could run now",
    answers: {
      200: json("It could.", ref("Readiness")),
      503: json("What is false is missing.", ref("Readiness")),
    },
  },
  {
    id: "getMetrics",
    method: "GET",
    path: "/metrics",
    tag: "operations",
    summary: "Counters for Prometheus",
    answers: { 200: text("In its text format.") },
  },
  {
    id: "getDescription",
    method: "GET",
    path: "/openapi.json",
    tag: "operations",
    summary: "This description",
    answers: { 200: json("OpenAPI 3.1.", open({ openapi: words("3.1.0") })) },
  },
  {
    id: "getReference",
    method: "GET",
    path: "/reference",
    tag: "operations",
    summary: "This description as a page, to read and to try",
    answers: { 200: page("The page.") },
  },
];
