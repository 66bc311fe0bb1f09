// The metric cards of each flavor: the newest value and a line of those seen since the page was opened.

import { formatMetric } from "./numbers.js";
import { refreshSoon } from "./sections.js";
import { update } from "./updates.js";

const KEPT = 240;
const WIDTH = 120;
const HEIGHT = 28;
const histories = new Map();
const newest = new Map();
let isFramed = false;

/** Show the metrics of the instance's own flavor; many messages in one frame cost one drawing. */
export function showMetrics(metrics) {
  showFlavors({ [document.getElementById("metrics").dataset.own]: metrics });
}

/** Show metrics by flavor, in the same way. */
export function showFlavors(flavors) {
  for (const [flavor, metrics] of Object.entries(flavors)) {
    for (const [name, value] of Object.entries(metrics)) {
      const selector = `[data-flavor="${CSS.escape(flavor)}"] [data-metric="${CSS.escape(name)}"]`;
      newest.set(selector, value);
      remember(selector, value);
    }
  }
  if (!isFramed) {
    isFramed = true;
    requestAnimationFrame(draw);
  }
}

/** Take the cards of a newer page where they are others. */
export function replaceMetrics(page) {
  const [here, there] = [document.getElementById("metrics"), page.getElementById("metrics")];
  if (here.dataset.own === there.dataset.own && here.dataset.flavors === there.dataset.flavors && learns(here) <= learns(there)) {
    // The cards are kept: they show more than the server knows.
    update(here.querySelector(".facts"), there.querySelector(".facts"));
  } else {
    // Everything was erased, a model was deleted, or there is one of another flavor.
    forgetMetrics();
    update(here, there);
  }
}

function learns(metrics) {
  return Number(metrics.querySelector("#n-learns").dataset.value);
}

function forgetMetrics() {
  histories.clear();
  newest.clear();
}

function remember(selector, value) {
  if (!histories.has(selector)) {
    histories.set(selector, []);
  }
  if (value !== null) {
    const history = histories.get(selector);
    history.push(value);
    history.splice(0, history.length - KEPT);
  }
}

function draw() {
  isFramed = false;
  for (const [selector, value] of newest) {
    const card = document.querySelector(selector);
    if (card === null) {
      // Another flavor was set, or there is a model of a new one: the page has the cards of before.
      forgetMetrics();
      refreshSoon();
      return;
    }
    card.querySelector(".value").textContent = formatMetric(value);
    card.querySelector("polyline").setAttribute("points", line(histories.get(selector)));
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
