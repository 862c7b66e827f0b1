/** Audio files through FFmpeg. Section 7.7 of the behaviour reference. */
import type { NodeContext } from "@hearth/engine";
import { NodeError } from "@hearth/engine";
import { isJsonObject } from "@hearth/protocol";
import { withTags } from "../files/ffmetadata.ts";
import { probe, runFfmpeg } from "../files/ffmpeg.ts";
import { savedMetadata } from "../files/metadata.ts";
import type { SavedFile } from "../files/save-images.ts";
import { saveNumbered, saveTarget } from "../files/save-names.ts";
import type { Audio } from "../sdk/tensor.ts";
import { buildWave, channelData, waveShape } from "./waveform.ts";

/** Decodes the first audio stream of a file. @throws NodeError `ValueError` when it has none */
export async function loadAudio(file: string, signal?: AbortSignal): Promise<Audio> {
  const { streams } = await probe(file, ["-select_streams", "a:0"], signal);
  const stream = Array.isArray(streams) ? streams[0] : undefined;
  if (!isJsonObject(stream)) throw new NodeError("No audio stream found in the file.", "ValueError");
  const sample_rate = Number(stream["sample_rate"]);
  const channels = Number(stream["channels"]);
  const raw = await runFfmpeg(
    ["-i", file, "-map", "0:a:0", "-f", "f32le", "-c:a", "pcm_f32le", "pipe:1"],
    signal === undefined ? {} : { signal },
  );
  return { waveform: deinterleave(raw, channels), sample_rate };
}

/** Interleaved little-endian floats as `[1, channels, samples]`. */
export function deinterleave(raw: Buffer, channels: number): Audio["waveform"] {
  const samples = Math.floor(raw.length / 4 / channels);
  const values = new Float32Array(raw.buffer.slice(raw.byteOffset, raw.byteOffset + samples * channels * 4));
  return buildWave({ batch: 1, channels, samples }, (to, _item, channel) => {
    for (let i = 0, at = channel; i < samples; i++, at += channels) to[i] = values[at] as number;
  });
}

/** Item `item` of a batch as interleaved little-endian floats. */
export function interleave(audio: Audio, item: number): Buffer {
  const { channels, samples } = waveShape(audio.waveform);
  const values = new Float32Array(channels * samples);
  for (let channel = 0; channel < channels; channel++) {
    const source = channelData(audio.waveform, item, channel);
    for (let i = 0, at = channel; i < samples; i++, at += channels) values[at] = source[i] as number;
  }
  return Buffer.from(values.buffer);
}

/** The arguments that read such floats as an input of FFmpeg. */
export function rawAudioInput(audio: Audio, source: string): string[] {
  const { channels } = waveShape(audio.waveform);
  return ["-f", "f32le", "-ar", String(audio.sample_rate), "-ac", String(channels), "-i", source];
}

export type AudioFormat = "flac" | "mp3" | "opus";

const OPUS_RATES = [8000, 12_000, 16_000, 24_000, 48_000];

/** Opus knows five rates: the next higher one, at most 48 kHz. */
export function opusRate(rate: number): number {
  return OPUS_RATES.find((known) => known >= rate) ?? 48_000;
}

/** Codec and quality: `V0` (best variable rate) or a bit rate like `128k`. */
function encoderArgs(format: AudioFormat, quality: string, rate: number): string[] {
  if (format === "flac") return ["-c:a", "flac", "-sample_fmt", "s16"];
  if (format === "opus") return ["-c:a", "libopus", "-b:a", quality, "-ar", String(opusRate(rate))];
  return ["-c:a", "libmp3lame", ...(quality === "V0" ? ["-q:a", "1"] : ["-b:a", quality])];
}

export interface SaveAudioOptions<Type extends "output" | "temp"> {
  readonly type: Type;
  readonly format: AudioFormat;
  readonly quality?: string;
}

/** Saves every item of the batch as `<name>_<counter>.<format>`. */
export async function saveAudioBatch<Type extends "output" | "temp">(
  audio: Audio,
  prefix: string,
  context: NodeContext,
  { type, format, quality = "128k" }: SaveAudioOptions<Type>,
): Promise<SavedFile<Type>[]> {
  const { batch } = waveShape(audio.waveform);
  const target = await saveTarget(prefix, context.folders[type]);
  const saved: SavedFile<Type>[] = [];
  for (let item = 0; item < batch; item++) {
    const filename = await saveNumbered(
      target,
      (name, counter) => `${name.replaceAll("%batch_num%", String(item))}_${counter}.${format}`,
      async (temporary) => {
        await withTags(savedMetadata(context), 1, (inputs, outputs) =>
          runFfmpeg(
            [
              ...rawAudioInput(audio, "pipe:0"),
              ...inputs,
              "-map",
              "0:a",
              ...outputs,
              ...encoderArgs(format, quality, audio.sample_rate),
              "-f",
              format,
              temporary,
            ],
            { signal: context.signal, input: [interleave(audio, item)] },
          ),
        );
      },
    );
    saved.push({ filename, subfolder: target.subfolder, type });
  }
  return saved;
}
