/** `/upload/…`, `/view`, `/view_metadata`. */
import { type TProperties, Type } from "typebox";
import {
  type Answer,
  BINARY,
  type Body,
  bytes,
  empty,
  inPath,
  inQuery,
  json,
  type Operation,
} from "../operation.ts";
import { anyObject, described, words } from "../schema.ts";
import { ref } from "../schemas/ref.ts";

const WRONG_FORM: Answer = {
  description: "The body is no form with an `image`, or a field of it is wrong (then the text says which).",
  content: { "text/plain": Type.String() },
};
const TOO_LARGE: Answer = {
  description: "The body is larger than `--max-upload-size`.",
  content: { "text/plain": Type.String() },
};
const DISK_FULL: Answer = {
  description: "There is no space left for it.",
  content: { "text/plain": Type.String() },
};

const FIELDS = {
  image: BINARY,
  type: Type.Optional(described(words("input", "output", "temp"), "The folder it goes to. Default: input.")),
  subfolder: Type.Optional(Type.String({ description: "Below that folder; made when it is not there." })),
  overwrite: Type.Optional(
    Type.String({ description: "`true` or `1`: takes the place of a file of its name." }),
  ),
};

const form = (fields: TProperties): Body => ({
  required: true,
  content: { "multipart/form-data": Type.Object(fields) },
});

export const FILES: readonly Operation[] = [
  {
    id: "uploadFile",
    method: "POST",
    path: "/api/upload/image",
    twin: true,
    tag: "files",
    summary: "Upload a file",
    description:
      "Any kind of file. It is stored as it is. A name that is taken by other bytes gets ` (1)` and so on; the same bytes under the same name are kept once.",
    body: form(FIELDS),
    answers: {
      200: json("Where it is now.", ref("Upload")),
      400: WRONG_FORM,
      413: TOO_LARGE,
      507: DISK_FULL,
    },
  },
  {
    id: "uploadMask",
    method: "POST",
    path: "/api/upload/mask",
    twin: true,
    tag: "files",
    summary: "Save a picture with another alpha",
    description:
      "Takes the picture that `original_ref` names and the alpha of the uploaded one, and saves both as a new picture. When the original is not there nothing is written, and the answer is the name that it would have got.",
    body: form({
      ...FIELDS,
      original_ref: Type.String({
        description: 'JSON: `{"filename", "type", "subfolder"}`; `type` is `output` by default.',
        contentMediaType: "application/json",
      }),
    }),
    answers: {
      200: json("Where it is now.", ref("Upload")),
      400: WRONG_FORM,
      413: TOO_LARGE,
      507: DISK_FULL,
    },
  },
  {
    id: "viewFile",
    method: "GET",
    path: "/api/view",
    twin: true,
    tag: "files",
    summary: "A file of the input, output or temp folder",
    description:
      "Ranges and conditional requests work. Pages and scripts are downloaded instead of shown. With `preview` or `channel` a picture is converted.",
    parameters: [
      {
        ...inQuery(
          "filename",
          "Its name, which may end in ` [input]`, ` [output]` or ` [temp]`, or `blake3:…`, the hash of an asset.",
        ),
        required: true,
      },
      inQuery("type", "The folder. Default: output.", words("input", "output", "temp")),
      inQuery("subfolder", "Below that folder."),
      inQuery("preview", "`webp` or `jpeg`, and after a semicolon the quality: `webp;90`."),
      inQuery("channel", "`rgb` without alpha, `a` alpha alone, `rgba` as it is.", words("rgba", "rgb", "a")),
    ],
    answers: {
      200: bytes("The file.", "*/*"),
      206: bytes("The range that was asked for.", "*/*"),
      304: empty("It is as the caller knows it."),
      400: {
        description: "The name or `type` is wrong, or the file is no picture (said as text).",
        content: { "text/plain": Type.String() },
      },
      403: empty("`subfolder` leads out of the folder."),
      404: empty("There is no such file."),
      416: empty("The range lies outside the file."),
    },
  },
  {
    id: "viewMetadata",
    method: "GET",
    path: "/api/view_metadata/:folder_name",
    twin: true,
    tag: "files",
    summary: "What a safetensors file says of itself",
    parameters: [
      inPath("folder_name", "A model type, e.g. `loras`."),
      { ...inQuery("filename", "Ends in `.safetensors`."), required: true },
    ],
    answers: {
      200: json("The `__metadata__` of its header.", anyObject()),
      404: empty("There is no such type or file, or it says nothing."),
    },
  },
];
