/** The menu of a picture, and the number on the extension's button. */
import { takeOffOrigin } from "./origin-rule.js";
import { loadPicture, pictureName, readEmbedded } from "./picture.js";
import { queueFound, readQueue, uploadPicture } from "./server.js";
import { readSettings } from "./settings.js";

const MENU = [
  { id: "send", title: "Send this picture to Hearth" },
  { id: "run", title: "Run the workflow inside this picture" },
];
const ALARM = "queue";

/**
 * Does what an entry of the menu says, and keeps what came of it for the popup.
 * @param {"send" | "run"} entry
 * @param {string} url of the picture
 */
export async function perform(entry, url) {
  let text;
  let isDone = true;
  try {
    text = entry === "send" ? await sendPicture(url) : await runWorkflow(url);
  } catch (error) {
    text = error.message;
    isDone = false;
  }
  await chrome.storage.session.set({ last: { text, isDone, at: Date.now() } });
  if (isDone) await showQueue();
  else await showBadge("!", "#b3261e");
}

async function sendPicture(url) {
  const picture = await loadPicture(url);
  const name = await uploadPicture(picture, pictureName(url, picture.type));
  return `Sent as ${name}.`;
}

async function runWorkflow(url) {
  const picture = await loadPicture(url);
  const found = await readEmbedded(new Uint8Array(await picture.arrayBuffer()));
  if (found.prompt === undefined && found.workflow === undefined) {
    throw new Error("There is no workflow inside this picture.");
  }
  const id = await queueFound(found);
  return `Queued as ${id}.`;
}

/** How many jobs run or wait, on the button. */
async function showQueue() {
  try {
    const { length } = await readQueue();
    await showBadge(length === 0 ? "" : String(length), "#3a6ea5");
  } catch {
    await showBadge("", "#3a6ea5");
  }
}

async function showBadge(text, color) {
  await chrome.action.setBadgeBackgroundColor({ color });
  await chrome.action.setBadgeText({ text });
}

async function useServer() {
  await takeOffOrigin((await readSettings()).server);
}

chrome.runtime.onInstalled.addListener(async () => {
  await chrome.contextMenus.removeAll();
  for (const entry of MENU) chrome.contextMenus.create({ ...entry, contexts: ["image"] });
  await chrome.alarms.create(ALARM, { periodInMinutes: 0.5 });
  await useServer();
});
chrome.runtime.onStartup.addListener(useServer);
chrome.storage.onChanged.addListener((changes) => {
  if (changes.server !== undefined) void useServer();
});
chrome.alarms.onAlarm.addListener(({ name }) => {
  if (name === ALARM) void showQueue();
});
chrome.contextMenus.onClicked.addListener(({ menuItemId, srcUrl }) => {
  if (srcUrl !== undefined) void perform(menuItemId, srcUrl);
});

// For tests: nothing outside the extension reaches its worker.
globalThis.perform = perform;
