/** ComfyUI's command line flags (section 1 of the behaviour reference), and Hearth's own. */

/**
 * How many values follow a flag: none; exactly one; one or none; one or more; up to two. Flags marked `repeats`
 * collect the values of all their uses, of the others the last use counts.
 */
export type Arity = "none" | "one" | "optional" | "many" | "any" | "two";

export interface FlagRule {
  readonly arity: Arity;
  readonly repeats?: true;
  /** of flags with one group at most one may be given */
  readonly group?: string;
  /** accepted, so that command lines written for ComfyUI work; nothing comes of it */
  readonly ignored?: true;
}

const none: FlagRule = { arity: "none" };
const one: FlagRule = { arity: "one" };
const optional: FlagRule = { arity: "optional" };
const nothing: FlagRule = { arity: "none", ignored: true };
const nothingOf = (arity: Arity): FlagRule => ({ arity, ignored: true });
const nothingIn = (group: string): FlagRule => ({ arity: "none", group, ignored: true });

function each(names: string, rule: FlagRule): [string, FlagRule][] {
  return names.split(" ").map((name) => [`--${name}`, rule]);
}

export const FLAGS: ReadonlyMap<string, FlagRule> = new Map<string, FlagRule>([
  // Network
  ...each("listen enable-cors-header", optional),
  ...each("port tls-keyfile tls-certfile max-upload-size front-end-root", one),
  ...each("enable-compress-response-body quick-test-for-ci log-stdout", none),
  ...each("verbose", optional),
  ...each("front-end-version", nothingOf("one")),
  ...each("auto-launch disable-auto-launch windows-standalone-build dont-print-server", nothing),
  // Directories
  ...each(
    "base-directory models-directory output-directory temp-directory input-directory user-directory",
    one,
  ),
  ...each("extra-model-paths-config", { arity: "many", repeats: true }),
  // Users, assets, database, manager, partner nodes
  ...each(
    "multi-user enable-assets enable-asset-hashing disable-api-nodes disable-all-custom-nodes disable-metadata",
    none,
  ),
  ...each("database-url", one),
  ...each("enable-manager list-feature-flags", nothing),
  ...each("disable-manager-ui enable-manager-legacy-ui", nothingIn("manager")),
  ...each("comfy-api-base default-hashing-function", nothingOf("one")),
  ...each("feature-flag", { arity: "one", repeats: true }),
  ...each("whitelist-custom-nodes", { arity: "many", repeats: true }),
  // Execution, caching, previews
  ...each("preview-method preview-size", one),
  ...each("cache-classic cache-none", { arity: "none", group: "cache" }),
  ...each("cache-lru", { arity: "one", group: "cache" }),
  ...each("cache-ram", { arity: "two", group: "cache" }),
  ...each("high-ram", none),
  // Devices and numbers: one CPU engine, float32
  ...each("cpu gpu-only highvram normalvram lowvram novram", nothingIn("vram")),
  ...each("cuda-device default-device oneapi-device-selector reserve-vram vram-headroom", nothingOf("one")),
  ...each("directml async-offload", nothingOf("optional")),
  ...each("fast", nothingOf("any")),
  ...each("cuda-malloc disable-cuda-malloc", nothingIn("cuda-malloc")),
  ...each("force-fp32 force-fp16", nothingIn("precision")),
  ...each(
    "fp32-unet fp64-unet bf16-unet fp16-unet fp8_e4m3fn-unet fp8_e5m2-unet fp8_e8m0fnu-unet",
    nothingIn("unet precision"),
  ),
  ...each("fp16-vae fp32-vae bf16-vae", nothingIn("vae precision")),
  ...each(
    "fp8_e4m3fn-text-enc fp8_e5m2-text-enc fp16-text-enc fp32-text-enc bf16-text-enc",
    nothingIn("text encoder precision"),
  ),
  ...each(
    "use-split-cross-attention use-quad-cross-attention use-pytorch-cross-attention use-sage-attention " +
      "use-flash-attention",
    nothingIn("attention"),
  ),
  ...each("force-upcast-attention dont-upcast-attention", nothingIn("upcast")),
  ...each(
    "cpu-vae fp16-intermediates force-channels-last disable-xformers deterministic disable-smart-memory " +
      "force-non-blocking disable-async-offload disable-pinned-memory mmap-torch-files disable-mmap " +
      "supports-fp8-compute disable-ipex-optimize enable-triton-backend disable-dynamic-vram",
    nothing,
  ),
  // Hearth's own
  ...each("custom-nodes-directory", { arity: "one", repeats: true }),
  ...each("allow-anonymous no-native", none),
  ...each("restart-policy prefer-native free-idle-after", one),
  ...each("comfyui comfyui-command", { arity: "one", repeats: true }),
]);
