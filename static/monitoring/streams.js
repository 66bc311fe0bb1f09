// Server-Sent Events that come back by themselves, and one place on the page that shows how they are.

const RETRY_MS = 3000;
const TEXTS = { connecting: "connecting", connected: "live", reconnecting: "reconnecting …" };

function showState(state) {
  const connection = document.getElementById("connection");
  connection.hidden = false;
  if (connection.dataset.state !== state) {
    connection.dataset.state = state;
    connection.textContent = TEXTS[state];
  }
}

/**
 * Call `handlers[event](data)` for every event of the stream, for as long as the page is open and seen.
 * `onReturn` is called where some may have been missed. A page has one stream: browsers grant a site only six
 * connections, over all its pages.
 */
export function openStream(url, handlers, onReturn = () => {}) {
  let source = null;
  let wasOpen = false;

  function connect() {
    if (source !== null || document.hidden) {
      return;
    }
    source = new EventSource(url);
    source.addEventListener("open", () => {
      showState("connected");
      if (wasOpen) {
        onReturn();
      }
      wasOpen = true;
    });
    source.addEventListener("error", () => {
      showState("reconnecting");
      // A browser gives up for good when the answer is an error, from a proxy whose server restarts, say.
      if (source?.readyState === EventSource.CLOSED) {
        source = null;
        setTimeout(connect, RETRY_MS);
      }
    });
    for (const [name, handle] of Object.entries(handlers)) {
      source.addEventListener(name, (event) => handle(event.data));
    }
  }

  function pauseOrResume() {
    if (document.hidden) {
      source?.close();
      source = null;
    } else {
      connect();
    }
  }

  document.addEventListener("visibilitychange", pauseOrResume);
  showState("connecting");
  connect();
}
