// The metric cards: the newest value and a line of those seen since the page was opened.

import { formatMetric } from "./numbers.js";
import { refreshSoon } from "./sections.js";
import { update } from "./updates.js";

const KEPT = 240;
const WIDTH = 120;
const HEIGHT = 28;
const histories = new Map();
let newest = {};
let isFramed = false;

/** Show the metrics of one message; many in one frame cost one drawing. */
export function showMetrics(metrics) {
  newest = metrics;
  for (const [name, value] of Object.entries(metrics)) {
    remember(name, value);
  }
  if (!isFramed) {
    isFramed = true;
    requestAnimationFrame(draw);
  }
}

/** Take the cards of a newer page where they are others. */
export function replaceMetrics(page) {
  const [here, there] = [document.getElementById("metrics"), page.getElementById("metrics")];
  if (here.dataset.flavor === there.dataset.flavor && learns(here) <= learns(there)) {
    // The cards are kept: they show more than the server knows.
    update(here.querySelector(".facts"), there.querySelector(".facts"));
  } else {
    // Everything was erased, or a model was deleted.
    forgetMetrics();
    update(here, there);
  }
}

function learns(metrics) {
  return Number(metrics.querySelector("#n-learns").dataset.value);
}

function forgetMetrics() {
  histories.clear();
  newest = {};
}

function remember(name, value) {
  if (!histories.has(name)) {
    histories.set(name, []);
  }
  if (value !== null) {
    const history = histories.get(name);
    history.push(value);
    history.splice(0, history.length - KEPT);
  }
}

function draw() {
  isFramed = false;
  for (const [name, value] of Object.entries(newest)) {
    const card = document.querySelector(`[data-metric="${CSS.escape(name)}"]`);
    if (card === null) {
      // Another flavor was set: the page has the cards of the earlier one.
      forgetMetrics();
      refreshSoon();
      return;
    }
    card.querySelector(".value").textContent = formatMetric(value);
    card.querySelector("polyline").setAttribute("points", line(histories.get(name)));
  }
}

function line(history) {
  if (history.length < 2) {
    return "";
  }
  const lowest = Math.min(...history);
  const range = Math.max(...history) - lowest;
  const step = WIDTH / (history.length - 1);
  const y = (value) => (range === 0 ? HEIGHT / 2 : HEIGHT - 1 - ((value - lowest) / range) * (HEIGHT - 2));
  return history.map((value, i) => `${(i * step).toFixed(1)},${y(value).toFixed(1)}`).join(" ");
}
