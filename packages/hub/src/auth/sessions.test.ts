import assert from "node:assert/strict";
import { test } from "node:test";
import { Sessions } from "./sessions.ts";

function clocked(): { sessions: Sessions; pass: (seconds: number) => void } {
  let now = 1_700_000_000_000;
  return { sessions: new Sessions("secret", () => now), pass: (seconds) => (now += seconds * 1000) };
}

/** What a browser sends back. */
function sent(setCookie: string): string {
  return setCookie.split(";")[0] ?? "";
}

test("a session lives for a day after its last use", () => {
  const { sessions, pass } = clocked();
  const cookie = sent(sessions.cookie(false));
  assert.deepEqual(sessions.read(cookie), { keyId: undefined, isOld: false });
  pass(3600);
  assert.deepEqual(sessions.read(`other=1; ${cookie}`), { keyId: undefined, isOld: true });
  pass(24 * 3600);
  assert.equal(sessions.read(cookie), undefined);
});

test("the cookie is out of reach for scripts and other sites, and secure where that is possible", () => {
  const { sessions } = clocked();
  const plain = sessions.cookie(false);
  assert.match(plain, /^session=[\w.-]+; Max-Age=86400; Path=\/; HttpOnly; SameSite=Strict$/);
  assert.match(sessions.cookie(true), /; Secure/);
  assert.match(sessions.endCookie(false), /^session=; Max-Age=0;/);
});

test("a forged, changed or foreign cookie is no session", () => {
  const { sessions } = clocked();
  const cookie = sent(sessions.cookie(false));
  const [time = "", , signature = ""] = cookie.slice("session=".length).split(".");
  for (const value of [
    "",
    time,
    `${time}..`,
    `${time}..${"A".repeat(43)}`,
    `${Number(time) + 1}..${signature}`,
    `${time}.abc.${signature}`,
    `${time}..${signature}x`,
    `é..${signature}`,
    `${time}..${"é".repeat(43)}`,
  ]) {
    assert.equal(sessions.read(`session=${value}`), undefined, value);
  }
  assert.equal(new Sessions("another secret", () => 1_700_000_000_000).read(cookie), undefined);
  assert.equal(sessions.read(undefined), undefined);
});

test("a session belongs to the key that it began with", () => {
  const { sessions } = clocked();
  assert.equal(sessions.read(sent(sessions.cookie(false, "00ff")))?.keyId, "00ff");
});
