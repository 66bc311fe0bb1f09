// The page of one model: its chart, its figures, what happens to it.

import { Chart, Controls, describe, readHistory, smooth } from "./charts.js";
import { offerCopies } from "./copies.js";
import { startFeed } from "./feed.js";
import { keepFresh, refreshSoon } from "./sections.js";
import { openStream } from "./streams.js";

const CHART_MS = 5000;
const { model, headline, eventsStream } = document.body.dataset;
const element = document.getElementById("chart");
const chart = new Chart(element);
const controls = new Controls(() => drawChart());
let alerts = [];
let isDrawing = false;

async function drawChart() {
  if (isDrawing || document.hidden) {
    return;
  }
  isDrawing = true;
  try {
    const history = await readHistory(model, controls.chosen.windowSeconds);
    controls.offer(Object.keys(history.metrics), headline);
    show(history);
  } catch {
    // The server is away; the streams show it.
  } finally {
    isDrawing = false;
  }
}

function show(history) {
  const { metric, axis, smoothing } = controls.chosen;
  if (history.time.length < 2 || !metric) {
    return;
  }
  const isTime = axis === "time";
  // Learns are counted anew with each upload: over learns, the chart shows the newest.
  const newest = history.generation.at(-1);
  const kept = history.time.map((_, index) => index).filter((index) => isTime || history.generation[index] === newest);
  const pick = (column) => kept.map((index) => column[index]);
  const x = pick(isTime ? history.time : history.seq);
  const lines = [
    { label: `${metric}, recent`, x, y: smooth(pick(history.rolling[metric] ?? []), smoothing) },
    { label: `${metric} since the upload`, x, y: pick(history.metrics[metric]), isFaint: true },
  ];
  chart.draw(lines, { isTime, marks: marks(history, isTime, newest) });
  describe(document.getElementById("chart-text"), element, lines);
}

function marks(history, isTime, newest) {
  const uploads = history.time
    .map((time, index) => ({ x: time, kind: "upload", isFirst: index > 0 && history.generation[index] !== history.generation[index - 1] }))
    .filter(({ isFirst }) => isTime && isFirst);
  const found = alerts
    .filter(({ generation }) => isTime || generation === newest)
    .map(({ time, seq, kind }) => ({ x: isTime ? time : seq, kind }));
  return [...uploads, ...found];
}

async function readAlerts() {
  try {
    const response = await fetch(`/api/alerts?${new URLSearchParams({ model, limit: "200" })}`);
    if (response.ok) {
      alerts = (await response.json()).alerts;
    }
  } catch {
    // The server is away; the streams show it.
  }
}

const feed = startFeed();

function take(kind, data) {
  const event = JSON.parse(data);
  if (event.model === model) {
    feed.add(kind, data);
    refreshSoon();
  }
}

async function takeAlert() {
  await readAlerts();
  refreshSoon();
  drawChart();
}

openStream(eventsStream, {
  predict: (data) => take("predict", data),
  learn: (data) => take("learn", data),
  drift: takeAlert,
  warning: takeAlert,
  "stream-reset": () => { feed.addGap(); refreshSoon(); },
});
offerCopies();
keepFresh(["facts", "figures"]);
await readAlerts();
await drawChart();
setInterval(drawChart, CHART_MS);
