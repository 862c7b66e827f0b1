/** Texts and vector graphics as files. */
import { writeFile } from "node:fs/promises";
import type { NodeContext } from "@hearth/engine";
import { objectFrom, printJson } from "@hearth/protocol";
import type { SavedFile } from "../files/save-images.ts";
import { saveNumbered, saveTarget } from "../files/save-names.ts";
import { defineNode } from "../sdk/define-node.ts";
import { choice, input, string } from "../sdk/inputs.ts";

/** Texts of SVG files, one per picture. */
export type Svg = readonly string[];

export const saveTextNode = defineNode({
  name: "SaveText",
  api: "schema",
  displayName: "Save Text",
  category: "text",
  description: "Saves a text to the output folder.",
  pythonModule: "comfy_extras.nodes_text",
  searchAliases: ["save text", "write text", "export text"],
  inputs: {
    text: string({ forceInput: true, multiline: false }),
    filename_prefix: string({ default: "ComfyUI", multiline: false }),
    format: choice(["txt", "csv", "md", "json"], { default: "txt" }),
  },
  outputs: [{ type: "STRING", name: "text" }],
  outputNode: true,
  execute: async ({ text, filename_prefix, format }, context) => {
    const target = await saveTarget(filename_prefix, context.folders.output);
    const filename = await saveNumbered(
      target,
      (name, counter) => `${name}_${counter}.${format}`,
      (temporary) => writeFile(temporary, text),
    );
    const saved: SavedFile = { filename, subfolder: target.subfolder, type: "output" };
    return { outputs: [text], ui: { text: [text], files: [saved] } };
  },
});

export const saveSvgNode = defineNode({
  name: "SaveSVGNode",
  api: "schema",
  displayName: "Save SVG",
  category: "image",
  description: "Saves vector graphics to the output folder.",
  pythonModule: "comfy_extras.nodes_images",
  searchAliases: ["export vector", "save vector graphics"],
  inputs: {
    svg: input<Svg>("SVG"),
    filename_prefix: string({
      tooltip: "The start of the file's name.",
      default: "svg/ComfyUI",
      multiline: false,
    }),
  },
  outputs: [{ type: "SVG", name: "svg" }],
  outputNode: true,
  execute: async ({ svg, filename_prefix }, context) => {
    const target = await saveTarget(filename_prefix, context.folders.output);
    const metadata = svgMetadata(context);
    const saved: SavedFile[] = [];
    for (const [index, text] of svg.entries()) {
      const filename = await saveNumbered(
        target,
        (name, counter) => `${name.replaceAll("%batch_num%", String(index))}_${counter}_.svg`,
        (temporary) => writeFile(temporary, metadata === undefined ? text : withMetadata(text, metadata)),
      );
      saved.push({ filename, subfolder: target.subfolder, type: "output" });
    }
    return { outputs: [svg], ui: { images: saved } };
  },
});

/** The prompt and the extra keys as one object, with an indent of 2. */
function svgMetadata({ settings, prompt, extraPnginfo }: NodeContext): string | undefined {
  if (!settings.metadata) return undefined;
  const extra = extraPnginfo === undefined ? [] : Object.entries(extraPnginfo);
  return printJson(objectFrom([["prompt", prompt], ...extra]), "indent2");
}

/** Puts a `<metadata>` element after the opening tag, in the layout of ComfyUI's files. */
function withMetadata(svg: string, json: string): string {
  // A "]]>" within the JSON would end the section early.
  const safe = json.replaceAll("]]>", "]]]]><![CDATA[>");
  const gap = " ".repeat(12);
  const element = `\n  <metadata>\n${gap}    <![CDATA[\n${gap}${safe}\n${gap}    ]]>\n${gap}</metadata>\n${gap}`;
  return svg.replace(/<svg[^>]*>/, (tag) => tag + element);
}
