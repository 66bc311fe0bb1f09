// Metrics over time or over learns; what the chart shows is said in a line of text as well.

import { formatCount, formatMetric } from "./numbers.js";
import { MOMENT, Plot, axis, color, numbers, times } from "./plots.js";
import { align, apart, describe } from "./series.js";

const COLORS = ["--accent", "--predict", "--good", "--warning", "--series-5", "--series-6", "--series-7", "--series-8"];
const MARKS = {
  upload: { color: "--faint", dash: [2, 4] },
  rollback: { color: "--predict", dash: [8, 4, 2, 4] },
  forget: { color: "--series-5", dash: [8, 4, 2, 4] },
  drift: { color: "--bad", dash: [6, 4] },
  warning: { color: "--warning", dash: [6, 4] },
  contract: { color: "--series-6", dash: [2, 2] },
};
const NONE = "The chart needs two samples of the metrics; there is one every ten seconds while a model learns.";
const NONE_HERE = "There are no two samples of the metrics in this window: choose a longer one. While a model learns there is one every ten seconds.";
// In pixels: a mark of a feature, a mark's name, and what is too near for a second mark of a kind.
const TICK = 10;
const NAME_WIDTH = 56;
const FONT_SIZE = 11;
const NEAR = 4;

/** Return the columns of the history of a model as `{time, seq, …}`; null: of all models of a flavor together. */
export async function readHistory(model, { axis: over, windowSeconds, learns }, flavor = null) {
  const query = new URLSearchParams({ points: "500", ...(model !== null ? { model } : { flavor }) });
  if (over === "time" && windowSeconds) {
    query.set("since", String(Math.floor(Date.now() / 1000 - windowSeconds)));
  } else if (over !== "time" && learns) {
    query.set("learns", learns);
  }
  const response = await fetch(`/api/metrics/history?${query}`);
  if (!response.ok) {
    throw new Error(`the history answered ${response.status}`);
  }
  return response.json();
}

/** A chart of lines with marks. */
export class Chart extends Plot {
  marks = [];

  /** Draw lines `{label, x, y, isFaint}`; `marks` are `{x, kind, isFeature}`; the axis is time or a number. */
  draw(lines, { isTime, marks }) {
    this.marks = marks;
    const shape = JSON.stringify([isTime, lines.map(({ label, isFaint }) => [label, isFaint])]);
    this.show(shape, align(lines), () => this.options(lines, isTime));
  }

  options(lines, isTime) {
    return {
      scales: { x: { time: isTime } },
      axes: [isTime ? times() : axis(), numbers()],
      series: [
        isTime ? MOMENT : { label: "Learns", value: (_, value) => formatCount(value) },
        ...lines.map((line, index) => ({
          label: line.label,
          stroke: color(line.isFaint ? "--faint" : COLORS[index % COLORS.length]),
          width: line.isFaint ? 1 : 2,
          value: (_, value) => formatMetric(value),
          spanGaps: true,
          points: { show: false },
        })),
      ],
      // Below the lines: many marks must not hide them.
      hooks: { drawAxes: [(plot) => this.drawMarks(plot)] },
    };
  }

  drawMarks(plot) {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.lineWidth = devicePixelRatio;
    ctx.font = `${FONT_SIZE * devicePixelRatio}px system-ui, sans-serif`;
    ctx.textBaseline = "top";
    ctx.textAlign = "left";
    const placed = this.marks.map((mark) => ({ ...mark, place: Math.round(plot.valToPos(mark.x, "x", true)) }));
    const visible = placed.filter(({ place }) => place >= bbox.left && place <= bbox.left + bbox.width);
    for (const mark of apart(visible, NEAR * devicePixelRatio)) {
      drawLine(ctx, bbox, mark);
    }
    const room = NAME_WIDTH * devicePixelRatio;
    const lines = visible.filter(({ isFeature, place }) => !isFeature && place + room <= bbox.left + bbox.width);
    // Not everybody sees colours.
    for (const { place, kind } of apart(lines.map((mark) => ({ ...mark, group: "names" })), room)) {
      ctx.fillStyle = color(MARKS[kind].color);
      ctx.fillText(kind, place + 3 * devicePixelRatio, bbox.top);
    }
    ctx.restore();
  }
}

function drawLine(ctx, { top, height }, { place, kind, isFeature }) {
  const look = MARKS[kind];
  ctx.strokeStyle = color(look.color);
  ctx.setLineDash(isFeature ? [] : look.dash.map((length) => length * devicePixelRatio));
  ctx.beginPath();
  ctx.moveTo(place, isFeature ? top + height - TICK * devicePixelRatio : top);
  ctx.lineTo(place, top + height);
  ctx.stroke();
}

/** The controls above a chart; `onChange` is called with what is chosen. */
export class Controls {
  constructor(onChange) {
    this.form = document.getElementById("chart-controls");
    this.metric = document.getElementById("chart-metric");
    this.form.hidden = false;
    this.form.addEventListener("input", () => { this.fit(); onChange(); });
    this.form.addEventListener("submit", (event) => event.preventDefault());
    // A browser may have kept what was chosen before the page was loaded again.
    this.fit();
  }

  /** Offer metrics; the chosen one stays, else it is `first`. */
  offer(names, first) {
    const offered = [...this.metric.options].map((option) => option.value);
    // Where there are no samples, there are no names: what is chosen holds for another window.
    if (names.length > 0 && offered.join() !== names.join()) {
      const chosen = names.includes(this.metric.value) ? this.metric.value : names.includes(first) ? first : names[0];
      this.metric.replaceChildren(...names.map((name) => new Option(name, name, false, name === chosen)));
    }
  }

  /** Show the windows that belong to the axis, and how much is smoothed. */
  fit() {
    const { axis: over, smoothing } = this.chosen;
    document.getElementById("chart-window").parentElement.hidden = over !== "time";
    document.getElementById("chart-learns").parentElement.hidden = over === "time";
    document.getElementById("chart-smoothed").textContent = smoothing === 0 ? "none" : `${Math.round(100 * smoothing)} %`;
  }

  get chosen() {
    const value = (id) => document.getElementById(id).value;
    return {
      metric: this.metric.value,
      shows: value("chart-shows"),
      axis: value("chart-axis"),
      windowSeconds: Number(value("chart-window")),
      learns: value("chart-learns"),
      smoothing: Number(value("chart-smoothing")),
    };
  }
}

/** Return `draw` such that it runs one at a time; who asks meanwhile has it run once more, with what is chosen then. */
export function oneAtATime(draw) {
  let running = null;
  let isWanted = false;

  async function run() {
    while (isWanted) {
      isWanted = false;
      try {
        await draw();
      } catch {
        // The server is away; the streams show it.
      }
    }
    running = null;
  }

  return async () => {
    if (!document.hidden) {
      isWanted = true;
      running ??= run();
      await running;
    }
  };
}

/** Draw lines and marks, and say in words what they show; or why there is nothing to show. */
export function present(chart, lines, marks, chosen) {
  const isTime = chosen.axis === "time";
  const hasLines = lines.some(({ x }) => x.length > 1);
  if (hasLines) {
    chart.draw(lines, { isTime, marks });
  } else {
    chart.clear();
  }
  const text = (hasLines && describe(lines, marks)) || ((isTime ? chosen.windowSeconds : chosen.learns) ? NONE_HERE : NONE);
  document.getElementById("chart-text").textContent = text;
  chart.element.setAttribute("aria-label", `A chart. ${text}`);
}
