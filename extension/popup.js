/** The popup: the queue with its progress, and what came of the last picture. */
import { isThere, readQueue } from "./server.js";

const EVERY_MS = 1_000;
const state = document.getElementById("state");
const list = document.getElementById("queue");
const last = document.getElementById("last");

async function show() {
  const { last: outcome } = await chrome.storage.session.get("last");
  if (outcome !== undefined) {
    last.hidden = false;
    last.textContent = outcome.text;
    last.className = outcome.isDone ? "" : "wrong";
  }
  try {
    const jobs = await readQueue();
    list.replaceChildren(...jobs.map(jobItem));
    say(jobs.length === 0 ? "Nothing runs and nothing waits." : `${jobs.length} in the queue`, false);
  } catch (error) {
    list.replaceChildren();
    say((await isThere()) ? error.message : "The server cannot be reached.", true);
  }
}

function say(text, isWrong) {
  state.textContent = text;
  state.className = isWrong ? "wrong" : "quiet";
}

/** One job: its name, where it is, and how long it takes still. */
function jobItem(job) {
  const item = document.createElement("li");
  const name = document.createElement("div");
  name.className = "name";
  name.textContent = job.workflow_name ?? job.prompt_id;
  const detail = document.createElement("div");
  detail.className = "quiet";
  const { progress } = job;
  if (job.status === "running") {
    const bar = document.createElement("progress");
    bar.max = 100;
    bar.value = progress?.percent ?? 0;
    bar.setAttribute("aria-label", `Progress of ${name.textContent}`);
    const left = progress?.eta_seconds == null ? "" : `, ${progress.eta_seconds} s left`;
    detail.textContent = `${progress?.percent ?? 0} % ${progress?.node_title ?? ""}${left}`;
    item.append(name, bar, detail);
  } else {
    detail.textContent = "waiting";
    item.append(name, detail);
  }
  return item;
}

document.getElementById("options").addEventListener("click", () => chrome.runtime.openOptionsPage());
await show();
setInterval(show, EVERY_MS);
