const message = document.getElementById('message');

/** Exchanges the code in the address for a session. A fragment is sent to no server and stands in no log. */
async function enter(code: string): Promise<void> {
  history.replaceState(null, '', '/');
  say('Opening …');
  try {
    const answer = await fetch('/session', { method: 'POST', body: code });
    if (answer.ok) location.replace('/');
    else say(`Not opened: ${await answer.text()}`);
  } catch {
    // The browser keeps the reason to itself.
    say('Not opened: the Cluster Agent does not answer. Is kubectl port-forward still running?');
  }
}

function say(text: string): void {
  if (message !== null) message.textContent = text;
}

const code = new URLSearchParams(location.hash.slice(1)).get('code');
if (code !== null) void enter(code);
