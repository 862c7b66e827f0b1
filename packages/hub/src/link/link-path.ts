/** Where workers of other machines dial. */

export const LINK_PATH = "/link";

/** True for `/link` and everything below it: paths that check their own token. */
export function isLinkPath(path: string): boolean {
  return path === LINK_PATH || path.startsWith(`${LINK_PATH}/`);
}
