/** Nodes that load, save and play audio. */
import { contentToken, existingPath, validateFile } from "../files/annotated-path.ts";
import { tempSuffix } from "../files/previews.ts";
import { defineNode, type NodeDefinition } from "../sdk/define-node.ts";
import { audio, choice, dynamicCombo, input, string } from "../sdk/inputs.ts";
import { loadAudio, saveAudioBatch, type AudioFormat } from "./audio-file.ts";

const module = { api: "schema", category: "audio", pythonModule: "comfy_extras.nodes_audio" } as const;
const prefix = string({ default: "audio/ComfyUI", multiline: false });
const saved = [{ type: "AUDIO", name: "audio" }];

export const loadAudioNode = defineNode({
  ...module,
  name: "LoadAudio",
  displayName: "Load Audio",
  essentialsCategory: "Audio",
  searchAliases: ["import audio", "open audio", "audio file"],
  inputs: {
    audio: {
      ...input<string>("COMBO", { multiselect: false, options: [], audio_upload: true }),
      list: { folder: "input", media: ["audio", "video"] },
    },
  },
  outputs: ["AUDIO"],
  validates: ["audio"],
  validate: (given, _types, { folders }) => validateFile("audio", given.audio, folders),
  fingerprint: (given, { folders }) => contentToken(given.audio, folders),
  execute: async (given, { folders, signal }) => [
    await loadAudio(existingPath(given.audio, folders), signal),
  ],
});

export const recordAudioNode = defineNode({
  ...module,
  name: "RecordAudio",
  displayName: "Record Audio",
  searchAliases: ["microphone input", "audio capture", "voice input"],
  inputs: { audio: input<string>("AUDIO_RECORD") },
  outputs: ["AUDIO"],
  execute: async (given, { folders, signal }) => [
    await loadAudio(existingPath(given.audio, folders), signal),
  ],
});

/** What the three savers of one format share. */
const saver = { ...module, outputs: saved, outputNode: true, deprecated: true } satisfies Partial<
  NodeDefinition<Record<never, never>, false>
>;

export const saveAudioNode = defineNode({
  ...saver,
  name: "SaveAudio",
  displayName: "Save Audio (FLAC) (DEPRECATED)",
  essentialsCategory: "Audio",
  searchAliases: ["export flac"],
  inputs: { audio: audio(), filename_prefix: prefix },
  execute: async (given, context) => ({
    outputs: [given.audio],
    ui: {
      audio: await saveAudioBatch(given.audio, given.filename_prefix, context, {
        type: "output",
        format: "flac",
      }),
    },
  }),
});

const mp3Qualities = ["V0", "128k", "320k"];
const opusQualities = ["64k", "96k", "128k", "192k", "320k"];

export const saveAudioMp3Node = defineNode({
  ...saver,
  name: "SaveAudioMP3",
  displayName: "Save Audio (MP3) (DEPRECATED)",
  essentialsCategory: "Audio",
  searchAliases: ["export mp3"],
  inputs: { audio: audio(), filename_prefix: prefix, quality: choice(mp3Qualities, { default: "V0" }) },
  execute: async (given, context) => ({
    outputs: [given.audio],
    ui: {
      audio: await saveAudioBatch(given.audio, given.filename_prefix, context, {
        type: "output",
        format: "mp3",
        quality: given.quality,
      }),
    },
  }),
});

export const saveAudioOpusNode = defineNode({
  ...saver,
  name: "SaveAudioOpus",
  displayName: "Save Audio (Opus) (DEPRECATED)",
  searchAliases: ["export opus"],
  inputs: { audio: audio(), filename_prefix: prefix, quality: choice(opusQualities, { default: "128k" }) },
  execute: async (given, context) => ({
    outputs: [given.audio],
    ui: {
      audio: await saveAudioBatch(given.audio, given.filename_prefix, context, {
        type: "output",
        format: "opus",
        quality: given.quality,
      }),
    },
  }),
});

interface FormatChoice extends Record<string, unknown> {
  readonly format: AudioFormat;
  readonly quality?: string;
}

function qualityInput(
  options: string[],
  chosen: string,
): [string, Record<string, string | boolean | string[]>] {
  return ["COMBO", { default: chosen, multiselect: false, options }];
}

export const saveAudioAdvancedNode = defineNode({
  ...module,
  name: "SaveAudioAdvanced",
  displayName: "Save Audio (Advanced)",
  searchAliases: ["save audio", "export audio", "output audio", "write audio", "flac", "mp3", "opus"],
  inputs: {
    audio: audio({ tooltip: "What is saved." }),
    filename_prefix: string({
      tooltip: "The start of the file's name.",
      default: "audio/ComfyUI",
      multiline: false,
    }),
    format: dynamicCombo<FormatChoice>(
      [
        { key: "flac", inputs: { required: {} } },
        { key: "mp3", inputs: { required: { quality: qualityInput(mp3Qualities, "V0") } } },
        { key: "opus", inputs: { required: { quality: qualityInput(opusQualities, "128k") } } },
      ],
      { tooltip: "The format of the file." },
    ),
  },
  outputs: saved,
  outputNode: true,
  execute: async (given, context) => ({
    outputs: [given.audio],
    ui: {
      audio: await saveAudioBatch(given.audio, given.filename_prefix, context, {
        type: "output",
        format: given.format.format,
        ...(given.format.quality === undefined ? {} : { quality: given.format.quality }),
      }),
    },
  }),
});

export const previewAudioNode = defineNode({
  ...module,
  name: "PreviewAudio",
  displayName: "Preview Audio",
  searchAliases: ["play audio"],
  inputs: { audio: audio() },
  outputs: saved,
  outputNode: true,
  execute: async (given, context) => ({
    outputs: [given.audio],
    ui: {
      audio: await saveAudioBatch(given.audio, `ComfyUI${tempSuffix("audio")}`, context, {
        type: "temp",
        format: "flac",
      }),
    },
  }),
});
