/** Node classes, model files, and what the server tells of itself. */
import { Type } from "typebox";
import { bytes, empty, inPath, inQuery, json, type Operation, text } from "../operation.ts";
import { mapOf } from "../schema.ts";
import { CLIENT_MESSAGE, MESSAGES } from "../schemas/messages.ts";
import { ref } from "../schemas/ref.ts";

const FOLDER = inPath("folder", "A model type, e.g. `checkpoints`.");

export const NODES: readonly Operation[] = [
  {
    id: "listNodeClasses",
    method: "GET",
    path: "/api/object_info",
    twin: true,
    tag: "nodes",
    summary: "All node classes",
    answers: { 200: json("Class name → what it declares.", mapOf(ref("NodeInfo"))) },
  },
  {
    id: "getNodeClass",
    method: "GET",
    path: "/api/object_info/:node_class",
    twin: true,
    tag: "nodes",
    summary: "One node class",
    parameters: [inPath("node_class", "Its name, e.g. `KSampler`.")],
    answers: {
      200: json("What it declares, under its name; `{}` for an unknown one.", mapOf(ref("NodeInfo"))),
    },
  },
  {
    id: "listReplacements",
    method: "GET",
    path: "/api/node_replacements",
    twin: true,
    tag: "nodes",
    summary: "Node classes that took the place of others",
    answers: { 200: json("Old class name → its successors.", mapOf(Type.Array(ref("Replacement")))) },
  },
  {
    id: "listEmbeddings",
    method: "GET",
    path: "/api/embeddings",
    twin: true,
    tag: "models",
    summary: "Names of embeddings",
    answers: { 200: json("Without their ending.", ref("Strings")) },
  },
  {
    id: "listModelTypes",
    method: "GET",
    path: "/api/models",
    twin: true,
    tag: "models",
    summary: "Model types",
    answers: { 200: json("Their names.", ref("Strings")) },
  },
  {
    id: "listModelNames",
    method: "GET",
    path: "/api/models/:folder",
    twin: true,
    tag: "models",
    summary: "Model files of a type",
    parameters: [FOLDER],
    answers: {
      200: json("Names relative to the type's folders, sorted.", ref("Strings")),
      404: empty("There is no such type."),
    },
  },
  {
    id: "listModelFolders",
    method: "GET",
    path: "/api/experiment/models",
    twin: true,
    tag: "models",
    summary: "Model types with their folders",
    answers: { 200: json("Without `configs` and `custom_nodes`.", Type.Array(ref("ModelFolder"))) },
  },
  {
    id: "listModelFiles",
    method: "GET",
    path: "/api/experiment/models/:folder",
    twin: true,
    tag: "models",
    summary: "Model files of a type with size and times",
    parameters: [FOLDER],
    answers: { 200: json("The files.", Type.Array(ref("ModelFile"))), 404: empty("There is no such type.") },
  },
  {
    id: "getModelPreview",
    method: "GET",
    path: "/api/experiment/models/preview/:folder/:path_index/*",
    twin: true,
    tag: "models",
    summary: "The picture of a model file",
    parameters: [
      FOLDER,
      inPath("path_index", "Which of the type's folders.", Type.Integer()),
      inPath("path", "The model file; it may have slashes."),
    ],
    answers: {
      200: bytes("The picture beside the file, or inside it.", "image/webp"),
      400: empty("`path_index` is no integer, or the name is empty."),
      403: empty("The name leads out of the folder."),
      404: empty("There is no such type, folder, file or picture."),
    },
  },
];

export const SERVER: readonly Operation[] = [
  {
    id: "getSystemStats",
    method: "GET",
    path: "/api/system_stats",
    twin: true,
    tag: "server",
    summary: "Machine, versions and devices",
    answers: { 200: json("As they are now.", ref("SystemStats")) },
  },
  {
    id: "getFeatures",
    method: "GET",
    path: "/api/features",
    twin: true,
    tag: "server",
    summary: "What this server can do",
    answers: { 200: json("Flags, with those of `--feature-flag`.", ref("Features")) },
  },
  {
    id: "connectWebSocket",
    method: "GET",
    path: "/api/ws",
    twin: true,
    tag: "server",
    summary: "Messages about runs as they happen",
    description:
      'A WebSocket. Text frames are `{"type", "data"}`; the data of each type is described under `x-websocket-messages`. Binary frames begin with a big-endian u32: 1 a preview picture, 3 a text of a node, 4 a preview with metadata. A client may say first what it takes (`x-client-message`).',
    parameters: [inQuery("clientId", "The id that prompts name as `client_id`; absent: one is made up.")],
    answers: { 101: empty("It is open."), 400: text("The request is no upgrade.") },
    extra: {
      "x-websocket-messages": Object.entries(MESSAGES).map(([type, schema]) => ({ type, schema })),
      "x-client-message": { schema: CLIENT_MESSAGE },
    },
  },
];
