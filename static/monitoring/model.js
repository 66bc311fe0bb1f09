// The page of one model: its charts, its figures, what happens to it.

import { Chart, Controls, describe, readHistory } from "./charts.js";
import { offerCopies } from "./copies.js";
import { startDiagnosis } from "./diagnosis.js";
import { startFeed } from "./feed.js";
import { keepFresh, refreshSoon } from "./sections.js";
import { line, marks } from "./series.js";
import { openStream } from "./streams.js";

const CHART_MS = 5000;
const { model, headline, eventsStream } = document.body.dataset;
const element = document.getElementById("chart");
const chart = new Chart(element);
const controls = new Controls(() => drawChart());
let alerts = [];
let isDrawing = false;
let isWanted = false;

async function drawChart() {
  if (isDrawing || document.hidden) {
    // Something else was chosen meanwhile.
    isWanted = isDrawing;
    return;
  }
  isDrawing = true;
  try {
    const history = await readHistory(model, controls.chosen);
    controls.offer(Object.keys(history.metrics), headline);
    show(history, controls.chosen);
  } catch {
    // The server is away; the streams show it.
  } finally {
    isDrawing = false;
  }
  if (isWanted) {
    isWanted = false;
    await drawChart();
  }
}

function show(history, chosen) {
  const { metric, axis, shows } = chosen;
  if (history.time.length < 2 || !metric) {
    return;
  }
  const lines = [
    shows !== "metrics" && line(history, "rolling", `${metric}, recent`, chosen),
    shows !== "rolling" && { ...line(history, "metrics", `${metric} since the upload`, chosen), isFaint: shows === "both" },
  ].filter(Boolean);
  const events = marks(history, alerts, axis);
  chart.draw(lines, { isTime: axis === "time", marks: events });
  describe(document.getElementById("chart-text"), element, lines, events);
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
await Promise.all([drawChart(), startDiagnosis()]);
setInterval(drawChart, CHART_MS);
