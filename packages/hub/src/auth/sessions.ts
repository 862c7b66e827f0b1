/**
 * Sessions of browsers: a cookie that holds the time of its last use and its key's id, signed. Nothing is kept on the server, so sessions
 * outlive a restart; deleting the secret's file ends all of them.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { parseCookie, stringifySetCookie } from "cookie";

const NAME = "session";
const LIFE_SECONDS = 24 * 60 * 60;
/** A cookie is renewed when it was used after this time, not on every single request. */
const RENEW_SECONDS = 60;
/** What is signed begins with this word, so that a signature made for another purpose is no session. */
const MARK = "hearth-session";

export interface Session {
  /** the named key that it began with; absent: the server's own */
  readonly keyId: string | undefined;
  /** the cookie has been in use for a while: send a fresh one */
  readonly isOld: boolean;
}

export class Sessions {
  readonly #secret: string;
  readonly #now: () => number;

  /** `now`: milliseconds since 1970 */
  constructor(secret: string, now: () => number = Date.now) {
    this.#secret = secret;
    this.#now = now;
  }

  /** The session that a `Cookie` header holds; `undefined` when it is none of ours, or has run out. */
  read(header: string | undefined): Session | undefined {
    if (header === undefined) return undefined;
    const value = parseCookie(header)[NAME];
    const match = value === undefined ? null : /^((\d{1,12})\.([0-9a-f]*))\.([\w-]{43})$/.exec(value);
    if (match === null) return undefined;
    const [, claim = "", time = "", keyId = "", signature = ""] = match;
    if (!timingSafeEqual(Buffer.from(signature), Buffer.from(this.#sign(claim)))) return undefined;
    const age = this.#seconds() - Number(time);
    return age > LIFE_SECONDS
      ? undefined
      : { keyId: keyId === "" ? undefined : keyId, isOld: age >= RENEW_SECONDS };
  }

  /**
   * A `Set-Cookie` header that begins or lengthens a session. `secure`: the browser came over HTTPS. `keyId`: the named
   * key that it belongs to.
   */
  cookie(secure: boolean, keyId = ""): string {
    const claim = `${this.#seconds()}.${keyId}`;
    return this.#header(`${claim}.${this.#sign(claim)}`, LIFE_SECONDS, secure);
  }

  /** A `Set-Cookie` header that ends the session. */
  endCookie(secure: boolean): string {
    return this.#header("", 0, secure);
  }

  #header(value: string, maxAge: number, secure: boolean): string {
    return stringifySetCookie({
      name: NAME,
      value,
      path: "/",
      httpOnly: true,
      sameSite: "strict",
      maxAge,
      secure,
    });
  }

  #sign(claim: string): string {
    return createHmac("sha256", this.#secret).update(`${MARK}.${claim}`).digest("base64url");
  }

  #seconds(): number {
    return Math.floor(this.#now() / 1000);
  }
}
