// Residuals or calibration: the server writes them in words and as a table, here they are drawn.

import { Histogram, Reliability, Scatter } from "./diagrams.js";
import { Forecasts, choices } from "./forecasts.js";
import { update } from "./updates.js";

const POLL_MS = 10000;

/** Show them, and keep them up to date for as long as the page is open. */
export async function startDiagnosis(timeline) {
  const section = document.getElementById("diagnosis");
  if (section === null) {
    return;
  }
  const draw = drawing(timeline);

  async function refresh() {
    if (document.hidden) {
      return;
    }
    try {
      const response = await fetch(section.dataset.url);
      if (response.ok) {
        const page = new DOMParser().parseFromString(await response.text(), "text/html");
        take(page.getElementById("diagnosis"));
      }
    } catch {
      // The server is away; the streams show it.
    }
  }

  function take(newer) {
    const isOpen = section.querySelector("details")?.open ?? false;
    newer.querySelector("details")?.toggleAttribute("open", isOpen);
    update(section, newer);
    const drawn = JSON.parse(document.getElementById("diagnosis-drawn").textContent);
    const isEmpty = !drawn.n.some((n) => n > 0);
    document.getElementById("diagnosis-charts").hidden = isEmpty;
    if (!isEmpty) {
      draw(drawn, section.querySelector("p").textContent.replace(/\s+/g, " "));
    }
  }

  await refresh();
  setInterval(refresh, POLL_MS);
  document.addEventListener("visibilitychange", refresh);
}

function drawing(timeline) {
  const reliability = document.getElementById("chart-reliability");
  if (reliability !== null) {
    return drawingOfCalibration(reliability);
  }
  const forecasts = document.getElementById("chart-forecasts");
  if (forecasts !== null) {
    return drawingOfForecasts(forecasts);
  }
  const levels = document.getElementById("chart-levels");
  if (levels !== null) {
    return drawingOfLevels(levels);
  }
  // What is a table and no more has nothing to draw.
  return document.getElementById("chart-residuals") === null ? () => {} : drawingOfResiduals(timeline);
}

function drawingOfLevels(element) {
  const histogram = new Histogram(element);
  return (drawn, text) => {
    histogram.draw(drawn);
    name(element, `A histogram of each ${drawn.title.toLowerCase()}`, text);
  };
}

function drawingOfCalibration(element) {
  const chart = new Reliability(element);
  return (drawn, text) => {
    chart.draw(drawn);
    name(element, "A reliability diagram", text);
  };
}

function drawingOfForecasts(element) {
  const chart = new Forecasts(element);
  const steps = document.getElementById("forecast-steps");
  let latest = null;
  steps.addEventListener("change", () => chart.draw(latest, steps.value));
  return (drawn, text) => {
    latest = drawn;
    const found = choices(drawn);
    if (steps.options.length !== found.length) {
      const chosen = steps.value;
      steps.replaceChildren(...found.map(([value, label]) => new Option(label, value, false, value === chosen)));
    }
    chart.draw(drawn, steps.value);
    name(element, "A chart of observations and forecasts", text);
  };
}

function drawingOfResiduals(timeline) {
  const [bars, points] = ["chart-residuals", "chart-scatter"].map((id) => document.getElementById(id));
  const [histogram, scatter] = [new Histogram(bars), new Scatter(points, timeline)];
  const over = document.getElementById("scatter-axis");
  let latest = null;
  over.addEventListener("change", () => scatter.draw(latest, over.value));
  return (drawn, text) => {
    latest = drawn;
    histogram.draw(drawn);
    scatter.draw(drawn, over.value);
    timeline.follow(scatter);
    name(bars, "A histogram of the residuals", text);
    name(points, "A chart of each residual", text);
  };
}

function name(element, title, text) {
  element.setAttribute("aria-label", `${title}. ${text}`);
}
