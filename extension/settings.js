/** Where the server is, and its key. They stay in this browser: nothing is synchronised. */

const DEFAULTS = { server: "http://127.0.0.1:8188", key: "" };

/** @returns {Promise<{server: string, key: string}>} */
export function readSettings() {
  return chrome.storage.local.get(DEFAULTS);
}

/**
 * Keeps the settings.
 * @param {string} server its address, with or without a path
 * @param {string} key
 * @throws {Error} when the address is none
 */
export async function saveSettings(server, key) {
  await chrome.storage.local.set({ server: serverAddress(server), key: key.trim() });
}

/** The address in one form: no blanks, no slash at the end. */
function serverAddress(text) {
  let url;
  try {
    url = new URL(text.trim());
  } catch {
    throw new Error(`“${text.trim()}” is no address; it looks like http://127.0.0.1:8188`);
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new Error("The address must begin with http:// or https://");
  }
  return (url.origin + url.pathname).replace(/\/+$/, "");
}
