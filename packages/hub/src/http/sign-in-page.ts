/**
 * The sign-in page. The key of a sign-in URL stands behind `#`: browsers keep that part to themselves, so it is in no
 * log and in no `Referer`.
 */
export const SIGN_IN_PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>Sign in · Hearth</title>
<style>
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
  body { max-width: 22rem; margin: 18vh auto; padding: 0 1.5rem; }
  h1 { margin: 0 0 1rem; }
  label { display: block; margin-bottom: .25rem; }
  input { width: 100%; box-sizing: border-box; padding: .5rem; font: inherit; }
  button { margin-top: 1rem; padding: .5rem 1.25rem; font: inherit; }
  [role=alert] { min-height: 1.5em; margin: .75rem 0 0; }
</style>
<h1>Hearth</h1>
<form method="post" action="/api/auth/login">
  <label for="key">API key</label>
  <input id="key" name="api_key" type="password" autocomplete="current-password" required autofocus>
  <input name="next" type="hidden">
  <button>Sign in</button>
  <p role="alert"></p>
</form>
<script>
  const form = document.forms[0];
  const next = new URLSearchParams(location.search).get("next");
  if (next !== null) form.elements.next.value = next;
  const signIn = async () => {
    const answer = await fetch(form.action, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ api_key: form.elements.api_key.value, next: form.elements.next.value }),
    });
    const body = await answer.json();
    if (answer.ok) location.replace(body.redirect);
    else document.querySelector("[role=alert]").textContent = body.detail;
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    signIn().catch(() => {
      document.querySelector("[role=alert]").textContent = "The server cannot be reached.";
    });
  });
  const given = new URLSearchParams(location.hash.slice(1)).get("key");
  if (given !== null) {
    history.replaceState(null, "", location.pathname + location.search);
    form.elements.api_key.value = given;
    form.requestSubmit();
  }
</script>
</html>
`;
