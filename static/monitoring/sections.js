// What no stream sends (flavor, models, counts) is taken from the page as the server renders it now.

import { update } from "./updates.js";

const SOON_MS = 2000;
const POLL_MS = 5000;
const TIMES_MS = 5000;
// Of the time between two refreshes, the server is to work on a small part.
const REST = 20;
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "narrow" });
const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
let timer = null;
let tookMs = 0;
let sections = [];
let onFresh = () => {};

/** Refresh in a moment; any number of calls until then make one request. */
export function refreshSoon() {
  if (timer === null && !document.hidden) {
    timer = setTimeout(refresh, Math.max(SOON_MS, REST * tookMs));
  }
}

/** Take the page of the address at once: somebody has chosen something. */
export function refreshNow() {
  clearTimeout(timer);
  timer = null;
  return refresh();
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
  const startedAt = performance.now();
  const address = location.pathname + location.search;
  try {
    const response = await fetch(address);
    const text = await response.text();
    if (address !== location.pathname + location.search) {
      // Something else was chosen meanwhile.
      return;
    }
    tookMs = performance.now() - startedAt;
    if (response.redirected) {
      // To where people log in: the session has ended.
      location.assign(response.url);
    } else if (response.ok) {
      take(new DOMParser().parseFromString(text, "text/html"));
    }
  } catch {
    // The server is away; the stream shows it.
  } finally {
    timer = null;
  }
}

function take(page) {
  for (const id of sections) {
    const there = page.getElementById(id);
    if (there !== null) {
      update(document.getElementById(id), there);
    }
  }
  onFresh(page);
  showTimes();
}

/** Write times as people do. */
export function showTimes() {
  for (const element of document.querySelectorAll("time")) {
    element.textContent = ago(new Date(element.dateTime));
  }
}

function ago(moment) {
  const seconds = Math.max(0, Math.round((Date.now() - moment) / 1000));
  const [unit, size] = UNITS.find(([, length]) => seconds >= length) ?? ["second", 1];
  return relative.format(-Math.floor(seconds / size), unit);
}
