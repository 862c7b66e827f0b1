/** Widgets that the editor adds to those a class declares. They take a place among the values of a node. */
import { type InputDeclaration, isJsonObject, type JsonValue, type NodeInfo } from "@hearth/protocol";
import { optionsOf, widgetType } from "./declared-types.ts";

export interface EditorWidget {
  readonly name: string;
  /** true when its value is sent as an input of the node */
  readonly isSent: boolean;
  /** its value where the file has none */
  readonly fallback: JsonValue | undefined;
}

const UPLOADS = ["image_upload", "animated_image_upload", "video_upload", "audio_upload", "file_upload"];

/** Classes with a viewer of 3D files, whose picture is sent. */
const VIEWERS = new Set(["Preview3D", "Preview3DAnimation", "SaveGLB"]);

const hidden = (name: string): EditorWidget => ({ name, isSent: false, fallback: undefined });

/** The widgets between those of required and those of optional inputs. */
export function editorWidgets(info: NodeInfo): EditorWidget[] {
  const options = Object.values(info.input.required ?? {}).map(optionsOf);
  const added: EditorWidget[] = [];
  if (info.name === "CustomCombo") added.push({ name: "index", isSent: true, fallback: 0 });
  if (VIEWERS.has(info.name) && info.input.required?.["image"] === undefined) {
    added.push({ name: "image", isSent: true, fallback: "" });
  }
  // The player, whose value is a random number.
  if (options.some((option) => option["audio_upload"] === true)) added.push(hidden("audioUI"));
  if (options.some((option) => UPLOADS.some((upload) => option[upload] === true)))
    added.push(hidden("upload"));
  return added;
}

/** The widgets that directly follow the widget of this input. */
export function editorWidgetsAfter(name: string, declaration: InputDeclaration): EditorWidget[] {
  const options = optionsOf(declaration);
  const type = widgetType(declaration);
  const added: EditorWidget[] = [];
  if (hasControl(name, type, options["control_after_generate"])) {
    added.push(hidden("control_after_generate"));
    if (type === "COMBO") added.push(hidden("control_filter_list"));
  }
  const { remote } = options;
  if (isJsonObject(remote) && remote["refresh_button"] === true) {
    if (remote["control_after_refresh"] !== undefined) added.push(hidden("control_after_refresh"));
    added.push({ name: "refresh", isSent: true, fallback: "refresh" });
  }
  return added;
}

/** Seeds of older classes do not say that they have the control; their name does. */
function hasControl(name: string, type: string, declared: JsonValue | undefined): boolean {
  if (type !== "INT" && type !== "COMBO") return false;
  if (declared !== undefined) return declared !== false && declared !== null;
  return type === "INT" && (name === "seed" || name === "noise_seed");
}
