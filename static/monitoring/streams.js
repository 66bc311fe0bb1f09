// Server-Sent Events that come back by themselves, and one place on the page that tells how they are.

const RETRY_MS = 3000;
const states = new Map();

function showState() {
  const connected = [...states.values()].every(Boolean);
  const connection = document.getElementById("connection");
  const state = connected ? "connected" : "reconnecting";
  if (connection.dataset.state !== state) {
    connection.dataset.state = state;
    connection.textContent = connected ? "live" : "reconnecting …";
  }
}

/** Call `handlers[event](data)` for every event of the stream, for as long as the page is open. */
export function openStream(url, handlers) {
  let lastEventId = "";

  function connect() {
    const query = lastEventId ? `?lastEventId=${encodeURIComponent(lastEventId)}` : "";
    const source = new EventSource(url + query);
    source.addEventListener("open", () => setState(true));
    source.addEventListener("error", () => {
      setState(false);
      // A browser gives up for good when the answer is an error, from a proxy whose server restarts, say.
      if (source.readyState === EventSource.CLOSED) {
        setTimeout(connect, RETRY_MS);
      }
    });
    for (const [name, handle] of Object.entries(handlers)) {
      source.addEventListener(name, (event) => {
        lastEventId = event.lastEventId;
        handle(event.data);
      });
    }
  }

  function setState(isConnected) {
    states.set(url, isConnected);
    showState();
  }

  states.set(url, false);
  connect();
}
