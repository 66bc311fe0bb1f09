// The page of one model: its charts, its figures, what happens to it.

import { takeAlerts } from "./alerts.js";
import { Chart, Controls, oneAtATime, present, readHistories } from "./charts.js";
import { offerCopies } from "./copies.js";
import { startDiagnosis } from "./diagnosis.js";
import { startEstimates } from "./estimates.js";
import { startFeed } from "./feed.js";
import { rememberFolds } from "./folding.js";
import { keepFresh, refreshSoon } from "./sections.js";
import { describe, marks, metricLines, noteMarks, rateLines, withGaps } from "./series.js";
import { openStream } from "./streams.js";
import { Timeline } from "./timeline.js";

const CHART_MS = 5000;
const SOON_MS = 1000;
const NOTES_MS = 30000;
// So few samples: it has just begun, and there is one every second.
const FEW = 60;
const MOST_ALERTS = 500;
const { model, headline, liveStream } = document.body.dataset;
// A model that is not scored has no chart.
const element = document.getElementById("chart");
const timeline = new Timeline(() => drawChart());
const chart = element === null ? null : new Chart(element, timeline);
const rates = new Chart(document.getElementById("chart-rates"), timeline);
const controls = element === null ? null : new Controls(() => drawChart());
const PLAIN = { metric: "", axis: "time" };
let alerts = [];
let notes = [];
let soon = null;
let nSamples = 0;

const drawChart = oneAtATime(async () => {
  const [history] = await readHistories([model], controls?.chosen ?? PLAIN, timeline);
  nSamples = history.time.length;
  controls?.offer(Object.keys(history.metrics), headline);
  const drawn = { ...PLAIN, ...controls?.chosen, isPart: timeline.range.kind !== "auto" };
  const spaced = (lines) => (drawn.axis === "time" ? lines.map((line) => withGaps(line, Date.now() / 1000)) : lines);
  const marked = [...marks(history, alerts, drawn.axis), ...noteMarks(notes, drawn.axis)];
  if (chart !== null) {
    present(chart, spaced(metricLines(history, drawn)), marked, drawn);
  }
  const lines = spaced(rateLines(history, drawn));
  const isEmpty = lines[0].y.every((value) => value === null);
  rates.element.closest(".with-title").hidden = isEmpty;
  if (!isEmpty) {
    rates.draw(lines, { isTime: drawn.axis === "time", marks: [] });
    rates.element.setAttribute("aria-label", `A chart. ${describe(lines)}`);
  }
  timeline.lead();
});

async function goOn() {
  await drawChart();
  setTimeout(goOn, nSamples < FEW ? SOON_MS : CHART_MS);
}

function drawSoon() {
  soon ??= setTimeout(() => {
    soon = null;
    drawChart();
  }, SOON_MS);
}

async function readAlerts() {
  try {
    const response = await fetch(`/api/alerts?${new URLSearchParams({ model, limit: String(MOST_ALERTS) })}`);
    if (response.ok) {
      alerts = (await response.json()).alerts;
    }
  } catch {
    // The server is away; the streams show it.
  }
}

async function readNotes() {
  try {
    const response = await fetch(`/api/model/${encodeURIComponent(model)}/notes`);
    if (response.ok) {
      ({ notes } = await response.json());
    }
  } catch {
    // The server is away; the streams show it.
  }
}

const feed = startFeed();

function take(kind, data) {
  feed.add(kind, data);
  refreshSoon();
}

function takeAlert(data) {
  const alert = JSON.parse(data);
  if (alert.model === model && !alerts.some(({ id }) => id === alert.id)) {
    alerts = [alert, ...alerts].slice(0, MOST_ALERTS);
    refreshSoon();
    drawSoon();
  }
}

async function takeGap() {
  feed.addGap();
  refreshSoon();
  await readAlerts();
  drawSoon();
}

openStream(`${liveStream}?${new URLSearchParams({ model })}`, {
  predict: (data) => take("predict", data),
  learn: (data) => take("learn", data),
  drift: takeAlert,
  warning: takeAlert,
  contract: takeAlert,
  status: refreshSoon,
  resolved: refreshSoon,
  skipped: (data) => feed.skip(JSON.parse(data).n),
}, takeGap);
offerCopies();
rememberFolds();
keepFresh(["facts", "figures"], takeAlerts);
await Promise.all([readAlerts(), readNotes()]);
setInterval(readNotes, NOTES_MS);
await Promise.all([goOn(), startDiagnosis(timeline), startEstimates()]);
