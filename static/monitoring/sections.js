// What no stream tells (flavor, models, counts) is taken from the page as the server renders it now.

const SOON_MS = 2000;
const POLL_MS = 10000;
const TIMES_MS = 5000;
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "narrow" });
const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
let timer = null;
let sections = [];
let onFresh = () => {};

/** Refresh in a moment; any number of calls until then make one request. */
export function refreshSoon() {
  if (timer === null && !document.hidden) {
    timer = setTimeout(refresh, SOON_MS);
  }
}

/** Keep sections up to date for as long as the page is open; `then` is called with each newer page. */
export function keepFresh(ids, then = () => {}) {
  sections = ids;
  onFresh = then;
  showTimes();
  setInterval(refreshSoon, POLL_MS);
  setInterval(showTimes, TIMES_MS);
  document.addEventListener("visibilitychange", refreshSoon);
}

async function refresh() {
  try {
    const response = await fetch(location.pathname + location.search);
    if (response.ok) {
      replaceSections(new DOMParser().parseFromString(await response.text(), "text/html"));
    }
  } catch {
    // The server is away; the streams show it.
  } finally {
    timer = null;
  }
}

function replaceSections(page) {
  for (const id of sections) {
    const there = page.getElementById(id);
    if (there !== null) {
      replaceChildren(document.getElementById(id), there);
    }
  }
  onFresh(page);
  showTimes();
}

/** Put what is there in the place of what is here, where it differs. */
export function replaceChildren(here, there) {
  // Only where something differs: a reader's selection and focus stay.
  if (there.isEqualNode(here.pristine ?? here)) {
    return;
  }
  here.pristine = there.cloneNode(true);
  takeChildren(here, there);
}

/** Put what is there in the place of what is here. */
export function takeChildren(here, there) {
  here.replaceChildren(...[...there.childNodes].map((node) => document.adoptNode(node)));
}

function showTimes() {
  for (const element of document.querySelectorAll("time")) {
    element.textContent = ago(new Date(element.dateTime));
  }
}

function ago(moment) {
  const seconds = Math.max(0, Math.round((Date.now() - moment) / 1000));
  const [unit, size] = UNITS.find(([, length]) => seconds >= length) ?? ["second", 1];
  return relative.format(-Math.floor(seconds / size), unit);
}
