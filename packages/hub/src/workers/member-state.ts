/** What a worker does, in one word. */
import { NOTHING_ANNOUNCED } from "./member-record.ts";
import type { Member } from "./member.ts";

/**
 * - `disabled`, `paused`, `draining`: what an operator said of it
 * - `offline`: it is not connected
 * - `unavailable`: it is connected, and cannot run anything now
 * - `failing`: its last canary failed, so it gets no job
 */
export const MEMBER_STATES = [
  "idle",
  "busy",
  "unavailable",
  "offline",
  "paused",
  "draining",
  "disabled",
  "failing",
] as const;
export type MemberState = (typeof MEMBER_STATES)[number];

/** The word, and the reason where something is wrong. */
export function stateOf(member: Member): {
  readonly state: MemberState;
  readonly problem: string | undefined;
} {
  const { mode, link, running } = member;
  const wrong = faultOf(member);
  const problem = wrong?.problem;
  if (mode === "disabled") return { state: mode, problem };
  if (link === undefined) return { state: "offline", problem };
  if (mode !== "on") return { state: mode, problem };
  if (wrong !== undefined) return wrong;
  return { state: running.size > 0 ? "busy" : "idle", problem };
}

function faultOf({
  link,
  state,
  nodes,
  canary,
}: Member): { readonly state: MemberState; readonly problem: string } | undefined {
  if (link !== undefined && !state.isAvailable) {
    return { state: "unavailable", problem: state.problem ?? "it does not say why" };
  }
  if (link !== undefined && nodes === NOTHING_ANNOUNCED) {
    return { state: "unavailable", problem: "it has not said yet which node classes it has" };
  }
  if (canary?.isOk !== false) return undefined;
  return { state: "failing", problem: `its canary failed: ${canary.problem ?? "it does not say why"}` };
}
