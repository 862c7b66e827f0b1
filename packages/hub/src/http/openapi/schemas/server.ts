/** Shapes of files, node classes, models, users, and of what the server tells of itself. */
import { Type } from "typebox";
import { ANYTHING, anyObject, closed, mapOf, open, orNull, words } from "../schema.ts";
import { ref } from "./ref.ts";

const bytes = Type.Integer({ minimum: 0, description: "bytes" });
const strings = Type.Array(Type.String());

export const SERVER_SCHEMAS = {
  Strings: strings,
  Upload: closed({
    name: Type.String({ description: "The name that the file got: another one when its own was taken." }),
    subfolder: Type.String(),
    type: words("input", "output", "temp"),
    asset: Type.Optional(
      open({ id: Type.String(), name: Type.String() }, "With `--enable-assets`: the asset that it became."),
    ),
  }),
  SystemStats: closed({
    system: closed({
      os: Type.String({ description: "`linux`, `win32` or `darwin`" }),
      ram_total: bytes,
      ram_free: bytes,
      comfyui_version: Type.String({ description: "the ComfyUI whose behaviour is served" }),
      required_frontend_version: orNull(Type.String()),
      installed_templates_version: orNull(Type.String()),
      required_templates_version: orNull(Type.String()),
      comfy_package_versions: Type.Array(anyObject()),
      python_version: Type.String(),
      pytorch_version: Type.String(),
      embedded_python: Type.Boolean(),
      deploy_environment: Type.String(),
      argv: strings,
      hearth_version: Type.String(),
    }),
    devices: Type.Array(
      closed({
        name: Type.String(),
        type: Type.String({ description: "`cpu`, `cuda`, …" }),
        index: orNull(Type.Integer()),
        vram_total: bytes,
        vram_free: bytes,
        torch_vram_total: bytes,
        torch_vram_free: bytes,
      }),
    ),
  }),
  Features: open({
    supports_preview_metadata: Type.Boolean(),
    supports_model_type_tags: Type.Boolean(),
    max_upload_size: Type.Number({ description: "bytes" }),
    extension: anyObject(),
    node_replacements: Type.Boolean(),
    assets: Type.Boolean({ description: "`--enable-assets`" }),
  }),
  NodeInfo: open({
    input: closed({
      required: Type.Optional(mapOf(ref("InputDeclaration"))),
      optional: Type.Optional(mapOf(ref("InputDeclaration"))),
      hidden: Type.Optional(anyObject()),
    }),
    input_order: mapOf(strings),
    is_input_list: Type.Boolean(),
    output: Type.Array(Type.Union([Type.String(), Type.Array(ANYTHING)])),
    output_is_list: Type.Array(orNull(Type.Boolean())),
    output_name: Type.Array(ANYTHING),
    output_tooltips: Type.Optional(orNull(Type.Array(orNull(Type.String())))),
    output_matchtypes: Type.Optional(orNull(Type.Array(orNull(Type.String())))),
    name: Type.String(),
    display_name: orNull(Type.String()),
    description: Type.String(),
    python_module: Type.String(),
    category: Type.String(),
    output_node: Type.Boolean(),
    has_intermediate_output: Type.Boolean(),
    deprecated: Type.Optional(Type.Boolean()),
    experimental: Type.Optional(Type.Boolean()),
    dev_only: Type.Optional(Type.Boolean()),
    api_node: Type.Optional(Type.Boolean()),
    price_badge: Type.Optional(ANYTHING),
    search_aliases: orNull(strings),
    essentials_category: Type.Optional(orNull(Type.String())),
  }),
  InputDeclaration: Type.Unsafe<unknown[]>({
    type: "array",
    description: "`[type, options]`; the type is a name, or the list of a choice.",
    prefixItems: [Type.Union([Type.String(), Type.Array(ANYTHING)]), anyObject()],
    items: false,
    minItems: 1,
  }),
  Replacement: closed({
    new_node_id: Type.String(),
    old_node_id: Type.String(),
    old_widget_ids: orNull(strings),
    input_mapping: orNull(
      Type.Array(
        Type.Union([
          closed({ new_id: Type.String(), old_id: Type.String() }),
          closed({ new_id: Type.String(), set_value: ANYTHING }),
        ]),
      ),
    ),
    output_mapping: orNull(Type.Array(closed({ new_idx: Type.Integer(), old_idx: Type.Integer() }))),
  }),
  ModelFolder: closed({
    name: Type.String(),
    folders: Type.Array(Type.String(), { description: "absolute directories, in the order of the search" }),
    extensions: strings,
  }),
  ModelFile: closed({
    name: Type.String(),
    pathIndex: Type.Integer({ minimum: 0, description: "which of the type's folders it lies in" }),
    modified: Type.Number({ description: "seconds since 1970" }),
    created: Type.Number({ description: "seconds since 1970" }),
    size: bytes,
  }),
  UserFile: closed({
    path: Type.String(),
    size: bytes,
    modified: Type.Integer({ description: "milliseconds since 1970" }),
    created: Type.Integer({ description: "milliseconds since 1970" }),
  }),
  UserPlace: Type.Union([Type.String({ description: "the path" }), ref("UserFile")]),
  UserEntry: Type.Union([
    closed({ name: Type.String(), path: Type.String(), type: words("directory") }),
    closed({
      name: Type.String(),
      path: Type.String(),
      type: words("file"),
      size: bytes,
      modified: Type.Number({ description: "seconds since 1970" }),
    }),
  ]),
  Users: Type.Union([
    closed({ storage: words("server"), migrated: Type.Boolean() }),
    closed({ storage: words("server"), users: mapOf(Type.String(), "Id → name.") }),
  ]),
  SubgraphInfo: closed(subgraphProperties()),
  Subgraph: closed({
    ...subgraphProperties(),
    data: Type.String({ description: "the file, as it is" }),
  }),
  Readiness: closed({
    ready: Type.Boolean(),
    nodes: Type.Boolean({ description: "node classes are known" }),
    worker: Type.Boolean({ description: "a worker is there" }),
    open: Type.Boolean({ description: "the server is not about to end" }),
  }),
  LogEntry: closed({
    t: Type.String({ description: "local time, ISO without a zone" }),
    m: Type.String({ description: "ends with its line break" }),
  }),
  LogPage: closed({
    entries: Type.Array(ref("LogEntry")),
    size: closed({ cols: Type.Integer(), rows: Type.Integer() }),
  }),
};

function subgraphProperties() {
  return {
    source: words("templates", "custom_node"),
    name: Type.String(),
    info: closed({ node_pack: Type.String() }),
  };
}
