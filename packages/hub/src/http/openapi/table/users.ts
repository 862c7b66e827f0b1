/** Users, their files and settings. */
import { Type } from "typebox";
import {
  type Answer,
  BINARY,
  bytes,
  COMFY_USER,
  empty,
  inPath,
  inQuery,
  json,
  jsonBody,
  type Operation,
  text,
} from "../operation.ts";
import { ANYTHING, anyObject, open } from "../schema.ts";
import { ref } from "../schemas/ref.ts";

const flag = (name: string, description: string) =>
  inQuery(
    name,
    description,
    Type.Unsafe<string>({ type: "string", pattern: "^([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee])$" }),
  );
const FILE = inPath("file", "The path below the user's folder, as one segment: slashes are sent as `%2F`.");
const FULL = flag("full_info", "`true`: with size and times.");
const KEEP = inQuery("overwrite", "`false`: a file that is there stays.");
const NOBODY = text("With `--multi-user`: `Comfy-User` names nobody.");
const OUTSIDE = empty("The path leads out of the user's folder.");
const TAKEN = text("The file is there, and `overwrite` is `false`.");
const BAD_NAME = empty("No file can have this name; the status line says why.");
const WRONG_BODY: Answer = {
  description: "The body is not JSON (said as JSON), or of a wrong kind (said as text).",
  content: { "application/json": ref("PromptRefusal"), "text/plain": Type.String() },
};

const USER_FILES: readonly Operation[] = [
  {
    id: "listUserFiles",
    method: "GET",
    path: "/api/userdata",
    twin: true,
    tag: "user data",
    summary: "Files of a folder",
    parameters: [
      COMFY_USER,
      { ...inQuery("dir", "The folder, relative to the user's."), required: true },
      flag("recurse", "`true`: with all folders below."),
      FULL,
      flag("split", "`true`: each as the path and its parts; `full_info` counts more."),
    ],
    answers: {
      200: json(
        "Paths relative to the folder.",
        Type.Union([
          ref("Strings"),
          Type.Array(Type.Array(Type.String(), { minItems: 2 })),
          Type.Array(ref("UserFile")),
        ]),
      ),
      400: text("`dir` is missing."),
      401: NOBODY,
      403: text("It leads out of the user's folder."),
      404: text("There is no such folder."),
    },
  },
  {
    id: "listUserTree",
    method: "GET",
    path: "/api/v2/userdata",
    twin: true,
    tag: "user data",
    summary: "Everything below a folder",
    parameters: [COMFY_USER, inQuery("path", "The folder; absent: the user's own.")],
    answers: {
      200: json("Folders first, each group by name.", Type.Array(ref("UserEntry"))),
      400: text("It leads out of the user's folder, or is a file."),
      403: text("With `--multi-user`: `Comfy-User` names nobody."),
      404: text("There is no such folder."),
    },
  },
  {
    id: "readUserFile",
    method: "GET",
    path: "/api/userdata/:file",
    twin: true,
    tag: "user data",
    summary: "Read a file",
    parameters: [COMFY_USER, FILE],
    answers: {
      200: bytes("Its bytes.", "*/*"),
      206: bytes("The range that was asked for.", "*/*"),
      304: empty("It is as the caller knows it."),
      400: BAD_NAME,
      401: NOBODY,
      403: empty("The path leads out of the user's folder, or to a folder."),
      404: empty("There is no such file."),
      416: empty("The range lies outside the file."),
    },
  },
  {
    id: "writeUserFile",
    method: "POST",
    path: "/api/userdata/:file",
    twin: true,
    tag: "user data",
    summary: "Write a file",
    description: "The body becomes the file, all of it or nothing. Folders are made.",
    parameters: [COMFY_USER, FILE, KEEP, FULL],
    body: { required: false, content: { "application/octet-stream": BINARY } },
    answers: {
      200: json("Where it is now.", ref("UserPlace")),
      400: BAD_NAME,
      401: NOBODY,
      403: OUTSIDE,
      409: TAKEN,
      413: text("The body is larger than `--max-upload-size`."),
      507: text("There is no space left for it."),
    },
  },
  {
    id: "deleteUserFile",
    method: "DELETE",
    path: "/api/userdata/:file",
    twin: true,
    tag: "user data",
    summary: "Delete a file",
    parameters: [COMFY_USER, FILE],
    answers: {
      204: empty("It is gone."),
      400: BAD_NAME,
      401: NOBODY,
      403: OUTSIDE,
      404: empty("There is no such file."),
    },
  },
  {
    id: "moveUserFile",
    method: "POST",
    path: "/api/userdata/:file/move/:dest",
    twin: true,
    tag: "user data",
    summary: "Move a file",
    parameters: [COMFY_USER, FILE, inPath("dest", "Its new path, written like `file`."), KEEP, FULL],
    answers: {
      200: json("Where it is now.", ref("UserPlace")),
      400: BAD_NAME,
      401: NOBODY,
      403: OUTSIDE,
      404: empty("There is no such file."),
      409: TAKEN,
    },
  },
];

export const USERS: readonly Operation[] = [
  {
    id: "listUsers",
    method: "GET",
    path: "/api/users",
    twin: true,
    tag: "users",
    summary: "Users of this server",
    answers: {
      200: json("With `--multi-user` all of them; else whether the one user has a folder.", ref("Users")),
    },
  },
  {
    id: "addUser",
    method: "POST",
    path: "/api/users",
    twin: true,
    tag: "users",
    summary: "Add a user",
    body: jsonBody(open({ username: Type.String({ maxLength: 128, pattern: "^(?!__)(?=.*\\S)" }) })),
    answers: {
      200: json("The id of the user.", Type.String()),
      400: {
        description: "The name is empty, taken, too long or reserved, or there is none.",
        content: {
          "application/json": Type.Union([ref("Problem"), ref("PromptRefusal")]),
          "text/plain": Type.String(),
        },
      },
    },
  },
  ...USER_FILES,
  {
    id: "listSettings",
    method: "GET",
    path: "/api/settings",
    twin: true,
    tag: "settings",
    summary: "All settings",
    parameters: [COMFY_USER],
    answers: { 200: json("Values by id.", anyObject()), 401: NOBODY },
  },
  {
    id: "mergeSettings",
    method: "POST",
    path: "/api/settings",
    twin: true,
    tag: "settings",
    summary: "Change some settings",
    description: "Settings that the body does not name stay.",
    parameters: [COMFY_USER],
    body: jsonBody(anyObject()),
    answers: { 200: empty("They are kept."), 400: WRONG_BODY, 401: NOBODY },
  },
  {
    id: "getSetting",
    method: "GET",
    path: "/api/settings/:id",
    twin: true,
    tag: "settings",
    summary: "One setting",
    parameters: [COMFY_USER, inPath("id", "The id of the setting.")],
    answers: { 200: json("Its value; null when it was never set.", ANYTHING), 401: NOBODY },
  },
  {
    id: "setSetting",
    method: "POST",
    path: "/api/settings/:id",
    twin: true,
    tag: "settings",
    summary: "Change one setting",
    parameters: [COMFY_USER, inPath("id", "The id of the setting.")],
    body: jsonBody(ANYTHING),
    answers: {
      200: empty("It is kept."),
      400: json("The body is not JSON.", ref("PromptRefusal")),
      401: NOBODY,
    },
  },
];
