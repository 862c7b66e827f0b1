/** What the ComfyUIs behind the workers compute on. */
import type { JsonObject } from "@hearth/protocol";
import type { Member } from "./member.ts";

/**
 * As they list it, of those that can run jobs now; graphics cards come before processors, since clients look at the
 * first. Empty: there is no such ComfyUI, or none has said it.
 */
export function comfyUiDevices(members: readonly Member[]): readonly JsonObject[] {
  const all = members.flatMap(({ engine, link, mode, state }) =>
    engine === "comfyui" && link !== undefined && mode !== "disabled" && state.isAvailable
      ? (state.devices ?? [])
      : [],
  );
  const isProcessor = ({ type }: JsonObject): boolean => type === "cpu";
  return [...all.filter((device) => !isProcessor(device)), ...all.filter(isProcessor)];
}
