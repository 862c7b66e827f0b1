/** Nodes that cut, join and mix waveforms. */
import { NodeError } from "@hearth/engine";
import { defineNode } from "../sdk/define-node.ts";
import { audio, choice, float, int } from "../sdk/inputs.ts";
import { type Audio, floats, type Tensor, tensor } from "../sdk/tensor.ts";
import { filterWave, peaking, shelf } from "./equalizer.ts";
import {
  asStereo,
  buildWave,
  channelData,
  matchRates,
  roundHalfEven,
  sliceWave,
  waveShape,
} from "./waveform.ts";

const module = { api: "schema", category: "audio", pythonModule: "comfy_extras.nodes_audio" } as const;
/** 2^64 − 1, exactly as it stands in the node info. */
const UNBOUNDED = 18446744073709551615n;
const SHELF_Q = 0.707;

export const emptyAudioNode = defineNode({
  ...module,
  name: "EmptyAudio",
  displayName: "Empty Audio",
  searchAliases: ["blank audio"],
  inputs: {
    duration: float({ tooltip: "Seconds.", default: 60, min: 0, max: UNBOUNDED, step: 0.01 }),
    sample_rate: int({
      tooltip: "Samples per second.",
      advanced: true,
      default: 44_100,
      min: 1,
      max: 192_000,
    }),
    channels: int({ tooltip: "1 mono, 2 stereo.", advanced: true, default: 2, min: 1, max: 2 }),
  },
  outputs: ["AUDIO"],
  execute: ({ duration, sample_rate, channels }) => [
    { waveform: tensor([1, channels, roundHalfEven(duration * sample_rate)]), sample_rate },
  ],
});

export const trimAudioNode = defineNode({
  ...module,
  name: "TrimAudioDuration",
  displayName: "Trim Audio Duration",
  description: "Keeps a part of the audio.",
  searchAliases: ["cut audio", "audio clip", "shorten audio"],
  inputs: {
    audio: audio(),
    start_index: float({
      tooltip: "Start in seconds; a negative one counts from the end.",
      default: 0,
      min: -UNBOUNDED,
      max: UNBOUNDED,
      step: 0.01,
    }),
    duration: float({ tooltip: "Seconds.", default: 60, min: 0, step: 0.01 }),
  },
  outputs: ["AUDIO"],
  execute: (given) => {
    const { waveform, sample_rate } = given.audio;
    const { samples } = waveShape(waveform);
    const offset = roundHalfEven(given.start_index * sample_rate);
    const start = Math.max(0, Math.min(offset < 0 ? samples + offset : offset, samples - 1));
    const end = Math.max(0, Math.min(start + roundHalfEven(given.duration * sample_rate), samples));
    if (start >= end) {
      throw new NodeError(
        "AudioTrim: Start time must be less than end time and be within the audio length.",
        "ValueError",
      );
    }
    return [{ waveform: sliceWave(waveform, start, end), sample_rate }];
  },
});

export const splitAudioNode = defineNode({
  ...module,
  name: "SplitAudioChannels",
  displayName: "Split Audio Channels",
  description: "Stereo as two mono waveforms.",
  searchAliases: ["stereo to mono"],
  inputs: { audio: audio() },
  outputs: [
    { type: "AUDIO", name: "left" },
    { type: "AUDIO", name: "right" },
  ],
  execute: (given) => {
    const { waveform, sample_rate } = given.audio;
    const shape = waveShape(waveform);
    if (shape.channels !== 2)
      throw new NodeError("AudioSplit: Input audio has only one channel.", "ValueError");
    return [0, 1].map((side) => ({
      waveform: buildWave({ ...shape, channels: 1 }, (to, item) => to.set(channelData(waveform, item, side))),
      sample_rate,
    }));
  },
});

export const joinAudioNode = defineNode({
  ...module,
  name: "JoinAudioChannels",
  displayName: "Join Audio Channels",
  description: "Two mono waveforms as stereo, as long as the shorter one.",
  inputs: { audio_left: audio(), audio_right: audio() },
  outputs: [{ type: "AUDIO", name: "audio" }],
  execute: ({ audio_left, audio_right }) => {
    if (waveShape(audio_left.waveform).channels !== 1 || waveShape(audio_right.waveform).channels !== 1) {
      throw new NodeError("AudioJoin: Both input audios must be mono.", "ValueError");
    }
    const { first, second, rate } = matchRates(audio_left, audio_right);
    const [left, right] = [waveShape(first), waveShape(second)];
    sameBatch(left.batch, right.batch);
    const samples = Math.min(left.samples, right.samples);
    const waveform = buildWave({ batch: left.batch, channels: 2, samples }, (to, item, channel) =>
      to.set(channelData(channel === 0 ? first : second, item, 0).subarray(0, samples)),
    );
    return [{ waveform, sample_rate: rate }];
  },
});

function sameBatch(first: number, second: number): void {
  if (first !== second) {
    throw new NodeError(`the waveforms differ in their batch sizes: ${first} and ${second}`, "RuntimeError");
  }
}

export const concatAudioNode = defineNode({
  ...module,
  name: "AudioConcat",
  displayName: "Concatenate Audio",
  description: "Plays one waveform after the other.",
  searchAliases: ["join audio", "combine audio", "append audio"],
  inputs: {
    audio1: audio(),
    audio2: audio(),
    direction: choice(["after", "before"], { tooltip: "Where the second one goes.", default: "after" }),
  },
  outputs: ["AUDIO"],
  execute: ({ audio1, audio2, direction }) => {
    const stereo = (given: Audio): Audio => ({ ...given, waveform: asStereo(given.waveform) });
    const { first, second, rate } = matchRates(stereo(audio1), stereo(audio2));
    const [head, tail] = direction === "after" ? [first, second] : [second, first];
    const [a, b] = [waveShape(head), waveShape(tail)];
    sameBatch(a.batch, b.batch);
    const waveform = buildWave({ ...a, samples: a.samples + b.samples }, (to, item, channel) => {
      to.set(channelData(head, item, channel));
      to.set(channelData(tail, item, channel), a.samples);
    });
    return [{ waveform, sample_rate: rate }];
  },
});

const MIXES = {
  add: (a: number, b: number) => a + b,
  mean: (a: number, b: number) => Math.fround(a + b) / 2,
  subtract: (a: number, b: number) => a - b,
  multiply: (a: number, b: number) => a * b,
};

export const mergeAudioNode = defineNode({
  ...module,
  name: "AudioMerge",
  displayName: "Merge Audio",
  description: "Mixes the second waveform into the first.",
  searchAliases: ["mix audio", "overlay audio", "layer audio"],
  inputs: {
    audio1: audio(),
    audio2: audio(),
    merge_method: choice(["add", "mean", "subtract", "multiply"], { tooltip: "How samples are mixed." }),
  },
  outputs: ["AUDIO"],
  execute: ({ audio1, audio2, merge_method }) => {
    const { first, second, rate } = matchRates(audio1, audio2);
    return [{ waveform: unclipped(mixed(first, second, MIXES[merge_method])), sample_rate: rate }];
  },
});

/** One sample of each, the second padded with zeros to the first's length; single items and channels are shared. */
function mixed(first: Tensor, second: Tensor, mix: (a: number, b: number) => number): Tensor {
  const [a, b] = [waveShape(first), waveShape(second)];
  const shared = (left: number, right: number): number => {
    if (left !== right && left !== 1 && right !== 1) {
      throw new NodeError(
        `the waveforms do not fit: [${first.shape.join(", ")}] and [${second.shape.join(", ")}]`,
      );
    }
    return Math.max(left, right);
  };
  const shape = {
    batch: shared(a.batch, b.batch),
    channels: shared(a.channels, b.channels),
    samples: a.samples,
  };
  return buildWave(shape, (to, item, channel) => {
    const one = channelData(first, a.batch === 1 ? 0 : item, a.channels === 1 ? 0 : channel);
    const two = channelData(second, b.batch === 1 ? 0 : item, b.channels === 1 ? 0 : channel);
    for (let i = 0; i < to.length; i++) to[i] = mix(one[i] as number, two[i] ?? 0);
  });
}

/** Divided by its peak where that is above 1. */
function unclipped(waveform: Tensor): Tensor {
  let peak = 0;
  for (const value of waveform.data) peak = Math.max(peak, Math.abs(value));
  return peak > 1 ? scaled(waveform, (value) => value / peak) : waveform;
}

function scaled(waveform: Tensor, scale: (value: number) => number): Tensor {
  const data = floats(waveform.data.length);
  for (let i = 0; i < data.length; i++) data[i] = scale(waveform.data[i] as number);
  return tensor(waveform.shape, data);
}

export const adjustVolumeNode = defineNode({
  ...module,
  name: "AudioAdjustVolume",
  displayName: "Adjust Audio Volume",
  searchAliases: ["audio gain", "loudness", "audio level"],
  inputs: {
    audio: audio(),
    volume: int({
      tooltip: "Change in decibels; 0 leaves the audio as it is.",
      default: 1,
      min: -100,
      max: 100,
    }),
  },
  outputs: ["AUDIO"],
  execute: (given) => {
    if (given.volume === 0) return [given.audio];
    const gain = Math.fround(10 ** (given.volume / 20));
    return [{ ...given.audio, waveform: scaled(given.audio.waveform, (value) => value * gain) }];
  },
});

const gainInput = { tooltip: "Decibels.", default: 0, min: -24, max: 24, step: 0.1 };

export const equalizerNode = defineNode({
  ...module,
  name: "AudioEqualizer3Band",
  displayName: "Audio Equalizer (3-Band)",
  experimental: true,
  searchAliases: ["eq", "bass boost", "treble boost", "equalizer"],
  inputs: {
    audio: audio(),
    low_gain_dB: float(gainInput),
    low_freq: int({ tooltip: "Hz.", default: 100, min: 20, max: 500 }),
    mid_gain_dB: float(gainInput),
    mid_freq: int({ tooltip: "Hz.", default: 1000, min: 200, max: 4000 }),
    mid_q: float({ tooltip: "Sharpness of the middle band.", default: 0.707, min: 0.1, max: 10, step: 0.1 }),
    high_gain_dB: float(gainInput),
    high_freq: int({ tooltip: "Hz.", default: 5000, min: 1000, max: 15_000 }),
  },
  outputs: ["AUDIO"],
  execute: (given) => {
    const rate = given.audio.sample_rate;
    const low = { frequency: given.low_freq, gain: given.low_gain_dB, q: SHELF_Q, rate };
    const middle = { frequency: given.mid_freq, gain: given.mid_gain_dB, q: given.mid_q, rate };
    const high = { frequency: given.high_freq, gain: given.high_gain_dB, q: SHELF_Q, rate };
    let { waveform } = given.audio;
    if (low.gain !== 0) waveform = filterWave(waveform, shelf(low, true));
    if (middle.gain !== 0) waveform = filterWave(waveform, peaking(middle));
    if (high.gain !== 0) waveform = filterWave(waveform, shelf(high, false));
    return [{ waveform, sample_rate: rate }];
  },
});
