/**
 * Inputs that name a file of the input folder. The hub sends such files along, so that they are the hub's own, also
 * where a class is known from a ComfyUI, whose node info only lists what is in its own folder.
 */
import { statSync } from "node:fs";
import path from "node:path";
import type { FileList, FileType, Folders, NodeClassAnnouncement } from "@hearth/protocol";
import { type Choice, choicesOf, samePath } from "./choices.ts";
import { isOfInput } from "./member-classes.ts";

/** Option that makes a button for uploads → which files are listed beside it. */
const BUTTONS: readonly [option: string, list: Pick<FileList, "folder" | "media">][] = [
  ["image_upload", { folder: "input", media: ["image"] }],
  ["audio_upload", { folder: "input", media: ["audio", "video"] }],
  ["video_upload", { folder: "input", media: ["video"] }],
  ["file_upload", { folder: "input/3d", media: ["model"] }],
];

/** `name [output]`: the name of a file in another folder than the input folder. */
const ANNOTATED = /^(.+) \[(input|output|temp)\]$/;

/** The list of the hub's own files for a choice that has a button for uploads. */
function uploadList({ options }: Choice): Pick<FileList, "folder" | "media"> | undefined {
  return BUTTONS.find(([option]) => options[option] === true)?.[1];
}

/** True when a choice is one of files in the input folder; `lists`: of its class. */
export function isInputFile(choice: Choice, lists: readonly FileList[] = []): boolean {
  if (uploadList(choice) !== undefined) return true;
  const list = lists.find((one) => samePath(one.path, choice.path));
  return list !== undefined && isOfInput(list);
}

/**
 * A class of a ComfyUI as the hub offers it: inputs for uploads list the hub's files first, then those of the ComfyUI,
 * and whether a file is there is asked of the hub, since any file of its folders can be named.
 */
export function withUploads(announced: NodeClassAnnouncement): NodeClassAnnouncement {
  const lists: FileList[] = [];
  const validates: string[] = [];
  for (const choices of choicesOf(announced.info).values()) {
    for (const choice of choices) {
      const list = choice.under === "" ? uploadList(choice) : undefined;
      if (list === undefined) continue;
      const also = choice.values.filter((value) => typeof value === "string");
      lists.push({ ...list, path: choice.path, also });
      validates.push(choice.input);
    }
  }
  return lists.length === 0 ? announced : { ...announced, lists, validates };
}

/** Whether the hub has the file that a prompt names. */
export function hasFile(folders: Pick<Folders, FileType>, text: string): boolean {
  const [, annotated, type = "input"] = ANNOTATED.exec(text) ?? [];
  const root = folders[type as FileType];
  const file = path.resolve(root, annotated ?? text);
  if (!file.startsWith(root + path.sep) || file.includes("\0")) return false;
  try {
    return statSync(file, { throwIfNoEntry: false })?.isFile() === true;
  } catch {
    return false;
  }
}
