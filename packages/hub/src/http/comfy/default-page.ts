/** The page at `/` while no front end is given: what this server is, what it does now, and where to go on. */
export const DEFAULT_PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Hearth</title>
<style>
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
  body { max-width: 40rem; margin: 12vh auto; padding: 0 1.5rem; }
  h1 { margin: 0 0 .25rem; }
  dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.5rem; margin: 2rem 0; }
  dt { opacity: .65; } dd { margin: 0; font-variant-numeric: tabular-nums; }
  code { font-family: ui-monospace, monospace; }
</style>
<h1>Hearth</h1>
<p>This server runs ComfyUI workflows and speaks ComfyUI's API on this address.</p>
<dl aria-live="polite">
  <dt>Running</dt><dd id="running">–</dd>
  <dt>Waiting</dt><dd id="pending">–</dd>
  <dt>Version</dt><dd id="version">–</dd>
</dl>
<p><a href="queue">Queue</a> · <a href="history?max_items=64">History</a> · <a href="object_info">Node classes</a> · <a href="system_stats">System</a></p>
<p>For a graph editor, start with <code>--front-end-root DIR</code>, the folder of a ComfyUI front end.</p>
<script>
  const show = (id, value) => { document.getElementById(id).textContent = value; };
  const read = async (path) => (await fetch(path)).json();
  const refresh = async () => {
    try {
      const queue = await read("queue");
      show("running", queue.queue_running.length);
      show("pending", queue.queue_pending.length);
    } catch {
      show("running", "not reachable");
      show("pending", "–");
    }
  };
  read("system_stats").then(({ system }) => show("version", system.hearth_version), () => show("version", "–"));
  refresh();
  setInterval(refresh, 3000);
</script>
</html>
`;
