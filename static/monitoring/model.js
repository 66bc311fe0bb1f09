// The page of one model: its charts, its figures, what happens to it.

import { Chart, Controls, oneAtATime, present, readHistory } from "./charts.js";
import { offerCopies } from "./copies.js";
import { startDiagnosis } from "./diagnosis.js";
import { startEstimates } from "./estimates.js";
import { startFeed } from "./feed.js";
import { keepFresh, refreshSoon } from "./sections.js";
import { marks, metricLines } from "./series.js";
import { openStream } from "./streams.js";

const CHART_MS = 5000;
const SOON_MS = 1000;
const MOST_ALERTS = 500;
const { model, headline, liveStream } = document.body.dataset;
// A model that is not scored has no chart.
const element = document.getElementById("chart");
const chart = element === null ? null : new Chart(element);
const controls = element === null ? null : new Controls(() => drawChart());
let alerts = [];
let soon = null;

const drawChart = chart === null ? async () => {} : oneAtATime(async () => {
  const { chosen } = controls;
  const history = await readHistory(model, chosen);
  controls.offer(Object.keys(history.metrics), headline);
  const drawn = { ...chosen, metric: controls.chosen.metric };
  present(chart, metricLines(history, drawn), marks(history, alerts, drawn.axis), drawn);
});

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
  skipped: (data) => feed.skip(JSON.parse(data).n),
}, takeGap);
offerCopies();
keepFresh(["facts", "figures"]);
await readAlerts();
await Promise.all([drawChart(), startDiagnosis(), startEstimates()]);
setInterval(drawChart, CHART_MS);
