/** The two hosts that most models come from, where they are, and who gets their tokens. */

export interface ModelHosts {
  readonly civitai: string;
  readonly huggingFace: string;
}

/** Secrets; absent or empty: none is shown. */
export interface ModelTokens {
  readonly civitai?: string | undefined;
  readonly huggingFace?: string | undefined;
}

export const USUAL_HOSTS: ModelHosts = {
  civitai: "https://civitai.com",
  huggingFace: "https://huggingface.co",
};

const NAMES = ["civitai", "huggingFace"] as const;
const TOKEN_VARIABLES = { civitai: "CIVITAI_API_KEY", huggingFace: "HF_TOKEN" } as const;

/** An address of a usual host, at the place where this installation finds that host (a mirror, for example). */
export function relocated(url: URL, hosts: ModelHosts): URL {
  for (const name of NAMES) {
    if (url.origin !== USUAL_HOSTS[name] || hosts[name] === USUAL_HOSTS[name]) continue;
    return new URL(hosts[name].replace(/\/+$/, "") + url.pathname + url.search);
  }
  return url;
}

/** The `Authorization` of a request; `undefined` for every other host, so that a redirect carries no token away. */
export function authorizationFor(url: URL, hosts: ModelHosts, tokens: ModelTokens): string | undefined {
  for (const name of NAMES) {
    const token = tokens[name] ?? "";
    if (token !== "" && url.origin === new URL(hosts[name]).origin) return `Bearer ${token}`;
  }
  return undefined;
}

/** The variable that holds the token of this address's host; `undefined` when it is none of the two. */
export function tokenVariable(url: URL, hosts: ModelHosts): string | undefined {
  const name = NAMES.find((name) => url.origin === new URL(hosts[name]).origin);
  return name === undefined ? undefined : TOKEN_VARIABLES[name];
}
