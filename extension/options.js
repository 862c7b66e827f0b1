/** The options: address and key of the server, tried at once. */
import { takeOffOrigin } from "./origin-rule.js";
import { readQueue } from "./server.js";
import { readSettings, saveSettings } from "./settings.js";

const server = document.getElementById("server");
const key = document.getElementById("key");
const outcome = document.getElementById("outcome");

const settings = await readSettings();
server.value = settings.server;
key.value = settings.key;

document.getElementById("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    await saveSettings(server.value, key.value);
    await takeOffOrigin((await readSettings()).server);
    await readQueue();
    outcome.textContent = "Saved. The server answers.";
    outcome.className = "";
  } catch (error) {
    outcome.textContent = error.message;
    outcome.className = "wrong";
  }
});
