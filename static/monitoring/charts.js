// Metrics over time with uPlot; what the chart shows is said in a line of text as well.

import { formatMetric } from "./numbers.js";

const HEIGHT = 280;
const COLORS = ["--accent", "--predict", "--good", "--warning", "--series-5", "--series-6", "--series-7", "--series-8"];

/** Return the columns of the history as `{time, seq, …}`. */
export async function readHistory(model, windowSeconds) {
  const query = new URLSearchParams({ points: "500" });
  if (model !== null) {
    query.set("model", model);
  }
  if (windowSeconds) {
    query.set("since", String(Math.floor(Date.now() / 1000 - windowSeconds)));
  }
  const response = await fetch(`/api/metrics/history?${query}`);
  if (!response.ok) {
    throw new Error(`the history answered ${response.status}`);
  }
  return response.json();
}

/** Exponential smoothing; `share` of the old stays. Gaps stay gaps. */
export function smooth(values, share) {
  let last = null;
  return values.map((value) => {
    if (value === null || value === undefined) {
      return null;
    }
    last = last === null ? value : share * last + (1 - share) * value;
    return last;
  });
}

/** Return one table for uPlot out of several `{x, y}`: all places on the axis, and each line's values there. */
export function align(lines) {
  const places = [...new Set(lines.flatMap((line) => line.x))].sort((a, b) => a - b);
  const columns = lines.map((line) => {
    const known = new Map(line.x.map((x, index) => [x, line.y[index]]));
    return places.map((x) => known.get(x) ?? (known.has(x) ? null : undefined));
  });
  return [places, ...columns];
}

/** A chart that is drawn anew with other lines and marks. */
export class Chart {
  constructor(element) {
    this.element = element;
    this.plot = null;
    this.shape = "";
    this.marks = [];
    new ResizeObserver(() => this.fit()).observe(element);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.forget());
  }

  /** Draw lines `{label, x, y, isFaint}`; `marks` are `{x, kind}`; the axis is time or a number. */
  draw(lines, { isTime, marks }) {
    const shape = JSON.stringify([isTime, lines.map(({ label, isFaint }) => [label, isFaint])]);
    this.marks = marks;
    const data = align(lines);
    if (this.plot === null || this.shape !== shape) {
      this.forget();
      this.shape = shape;
      this.plot = new window.uPlot(this.options(lines, isTime), data, this.element);
    } else {
      this.plot.setData(data);
    }
  }

  forget() {
    this.plot?.destroy();
    this.plot = null;
  }

  fit() {
    this.plot?.setSize({ width: this.element.clientWidth, height: HEIGHT });
  }

  options(lines, isTime) {
    const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    const axis = { stroke: color("--faint"), grid: { stroke: color("--line"), width: 1 }, ticks: { stroke: color("--line") } };
    return {
      width: this.element.clientWidth,
      height: HEIGHT,
      scales: { x: { time: isTime } },
      axes: [axis, { ...axis, size: 64, values: (_, ticks) => ticks.map((tick) => String(Number(tick.toPrecision(4)))) }],
      series: [
        isTime ? {} : { label: "Learns" },
        ...lines.map((line, index) => ({
          label: line.label,
          stroke: color(line.isFaint ? "--faint" : COLORS[index % COLORS.length]),
          width: line.isFaint ? 1 : 2,
          value: (_, value) => formatMetric(value),
          spanGaps: true,
          points: { show: false },
        })),
      ],
      hooks: { draw: [(plot) => this.drawMarks(plot, color)] },
    };
  }

  drawMarks(plot, color) {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.setLineDash([6, 4]);
    ctx.lineWidth = devicePixelRatio;
    for (const { x, kind } of this.marks) {
      const place = plot.valToPos(x, "x", true);
      if (place >= bbox.left && place <= bbox.left + bbox.width) {
        ctx.strokeStyle = color(kind === "upload" ? "--faint" : kind === "drift" ? "--bad" : "--warning");
        ctx.beginPath();
        ctx.moveTo(place, bbox.top);
        ctx.lineTo(place, bbox.top + bbox.height);
        ctx.stroke();
      }
    }
    ctx.restore();
  }
}

/** The controls above a chart; `onChange` is called with what is chosen. */
export class Controls {
  constructor(onChange) {
    this.form = document.getElementById("chart-controls");
    this.metric = document.getElementById("chart-metric");
    this.form.hidden = false;
    this.form.addEventListener("input", () => onChange());
    this.form.addEventListener("submit", (event) => event.preventDefault());
  }

  /** Offer metrics; the chosen one stays, else it is `first`. */
  offer(names, first) {
    const offered = [...this.metric.options].map((option) => option.value);
    if (offered.join() !== names.join()) {
      const chosen = names.includes(this.metric.value) ? this.metric.value : names.includes(first) ? first : names[0];
      this.metric.replaceChildren(...names.map((name) => new Option(name, name, false, name === chosen)));
    }
  }

  get chosen() {
    const value = (id) => document.getElementById(id).value;
    return {
      metric: this.metric.value,
      axis: value("chart-axis"),
      windowSeconds: Number(value("chart-window")),
      smoothing: Number(value("chart-smoothing")),
    };
  }
}

/** Say in words what a chart shows. */
export function describe(element, chart, lines) {
  const told = lines
    .map(({ label, y }) => [label, y.filter((value) => value !== null && value !== undefined)])
    .filter(([, known]) => known.length > 0)
    .map(([label, known]) => `${label}: now ${formatMetric(known.at(-1))}, lowest ${formatMetric(Math.min(...known))}, highest ${formatMetric(Math.max(...known))}`);
  if (told.length > 0) {
    element.textContent = `${told.join("; ")}.`;
    chart.setAttribute("aria-label", `A chart. ${element.textContent}`);
  }
}
