// Metrics over time or over learns; what the chart shows is said in a line of text as well.

import { parameters, remember } from "./addresses.js";
import { formatCount, formatMetric } from "./numbers.js";
import { MOMENT, Plot, axis, color, latest, numbers, times } from "./plots.js";
import { align, apart, describe } from "./series.js";
import { Extent, zoomable } from "./zooming.js";

const COLORS = ["--accent", "--predict", "--good", "--warning", "--series-5", "--series-6", "--series-7", "--series-8"];
const MARKS = {
  upload: { color: "--faint", dash: [2, 4] },
  rollback: { color: "--predict", dash: [8, 4, 2, 4] },
  forget: { color: "--series-5", dash: [8, 4, 2, 4] },
  drift: { color: "--bad", dash: [6, 4] },
  warning: { color: "--warning", dash: [6, 4] },
  contract: { color: "--series-6", dash: [2, 2] },
  note: { color: "--accent", dash: [1, 3] },
};
const UNKNOWN = { color: "--faint", dash: [1, 1] };
// Charts over time have one cursor.
const TIME_GROUP = "time";
const NONE = "The chart needs two samples of the metrics; while a model learns there is one every second at first, and every ten seconds later.";
const NONE_HERE = "There are no two samples of the metrics in this time: choose a longer one. While a model learns there is one every ten seconds.";
// In pixels: a mark of a feature, a mark's name, and what is too near for a second mark of a kind.
const TICK = 10;
const NAME_WIDTH = 56;
const FONT_SIZE = 11;
const LONGEST_NAME = 16;
const NEAR = 4;
// As many points have been asked for, less a few.
const MANY = 400;

/** Return the columns of the history of a model as `{time, seq, …}`; null: of all models of a flavor together. */
export async function readHistory(model, { axis: over, learns }, bounds, flavor = null) {
  const query = new URLSearchParams({ points: "500", ...(model !== null ? { model } : { flavor }) });
  if (over === "time" && bounds !== null) {
    query.set("since", String(bounds.since));
    query.set("until", String(bounds.until));
  } else if (over !== "time" && learns) {
    query.set("learns", learns);
  }
  const response = await fetch(`/api/metrics/history?${query}`);
  if (!response.ok) {
    throw new Error(`the history answered ${response.status}`);
  }
  return response.json();
}

/** Return the histories of models within the timeline's bounds, which follow the data where nothing else is chosen. */
export async function readHistories(names, chosen, timeline, flavor = null) {
  const read = (bounds) => Promise.all(names.map((name) => readHistory(name, chosen, bounds, flavor)));
  if (chosen.axis !== "time" || timeline.range.kind !== "auto") {
    return read(timeline.bounds());
  }
  const histories = await read(null);
  timeline.know(histories.flatMap(({ time }) => time).sort((a, b) => a - b));
  // Of a long past there are too few points in so short a time.
  const isThinned = histories.some(({ time }) => time.length >= MANY);
  return isThinned ? read(timeline.bounds()) : histories;
}

/** A chart of lines with marks. */
export class Chart extends Plot {
  marks = [];

  /** Over time it shows what `timeline` has, over learns what was dragged over in it. */
  constructor(element, timeline) {
    super(element);
    this.timeline = timeline;
    this.extent = new Extent(() => this.rescale());
  }

  /** Draw lines `{label, x, y, isFaint}`; `marks` are `{x, kind, isFeature}`; the axis is time or a number. */
  draw(lines, { isTime, marks }) {
    this.marks = marks;
    const shape = JSON.stringify([isTime, lines.map(({ label, isFaint }) => [label, isFaint])]);
    this.show(shape, align(lines), () => this.options(lines, isTime));
  }

  options(lines, isTime) {
    const zoom = isTime ? zoomable(this.timeline, TIME_GROUP) : zoomable(this.extent);
    return {
      scales: { x: { time: isTime, range: zoom.range } },
      cursor: zoom.cursor,
      axes: [isTime ? times() : axis(), numbers()],
      series: [
        isTime ? MOMENT : { label: "Learns", value: latest(formatCount) },
        ...lines.map((line, index) => ({
          label: line.label,
          stroke: color(line.isFaint ? "--faint" : COLORS[index % COLORS.length]),
          width: line.isFaint ? 1 : 2,
          value: latest(formatMetric),
          // Where nothing was sampled is no line; a sample alone is a point.
          points: { show: true, filter: alone, size: 5, fill: color(line.isFaint ? "--faint" : COLORS[index % COLORS.length]), width: 0 },
        })),
      ],
      // Below the lines: many marks must not hide them.
      hooks: { drawAxes: [(plot) => this.drawMarks(plot)], setSelect: [zoom.select] },
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
    for (const { place, kind, text = kind } of apart(lines.map((mark) => ({ ...mark, group: "names" })), room)) {
      ctx.fillStyle = color((MARKS[kind] ?? UNKNOWN).color);
      ctx.fillText(short(text), place + 3 * devicePixelRatio, bbox.top);
    }
    ctx.restore();
  }
}

function short(text) {
  return text.length > LONGEST_NAME ? `${text.slice(0, LONGEST_NAME)}…` : text;
}

/** Return the places of values that have no other beside them. */
function alone(plot, series) {
  const values = plot.data[series];
  const known = values.map((value, index) => [value, index]).filter(([value]) => value !== undefined);
  return known.filter(([value], place) => value !== null && known[place - 1]?.[0] == null && known[place + 1]?.[0] == null).map(([, index]) => index);
}

function drawLine(ctx, { top, height }, { place, kind, isFeature }) {
  const look = MARKS[kind] ?? UNKNOWN;
  ctx.strokeStyle = color(look.color);
  ctx.setLineDash(isFeature ? [] : look.dash.map((length) => length * devicePixelRatio));
  ctx.beginPath();
  ctx.moveTo(place, isFeature ? top + height - TICK * devicePixelRatio : top);
  ctx.lineTo(place, top + height);
  ctx.stroke();
}

const FIELDS = { show: "chart-shows", over: "chart-axis", learns: "chart-learns", smooth: "chart-smoothing" };

/** The controls above a chart; `onChange` is called with what is chosen. */
export class Controls {
  constructor(onChange) {
    this.form = document.getElementById("chart-controls");
    this.metric = document.getElementById("chart-metric");
    this.form.hidden = false;
    this.recall();
    this.form.addEventListener("input", () => { this.fit(); this.note(); onChange(); });
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.fit();
  }

  /** Choose what the address says. */
  recall() {
    const known = parameters();
    this.wanted = known.get("metric");
    for (const [name, id] of Object.entries(FIELDS)) {
      const element = document.getElementById(id);
      const value = known.get(name);
      const isOffered = value !== null && (element.options === undefined || [...element.options].some((option) => option.value === value));
      // A browser may have kept what was chosen before the page was loaded again.
      element.value = isOffered ? value : element.options?.[0].value ?? "0";
    }
  }

  /** Have the address say what is chosen; what is so anyhow it need not say. */
  note() {
    const first = (element) => element.options?.[0].value ?? "0";
    const changed = Object.entries(FIELDS).map(([name, id]) => {
      const element = document.getElementById(id);
      return [name, element.value === first(element) ? null : element.value];
    });
    remember({ ...Object.fromEntries(changed), metric: this.metric.value });
  }

  /** Offer metrics; the chosen one stays, else it is `first`. */
  offer(names, first) {
    const offered = [...this.metric.options].map((option) => option.value);
    // Where there are no samples, there are no names: what is chosen holds for another window.
    if (names.length > 0 && offered.join() !== names.join()) {
      const chosen = [this.metric.value, this.wanted, first].find((name) => names.includes(name)) ?? names[0];
      this.metric.replaceChildren(...names.map((name) => new Option(name, name, false, name === chosen)));
    }
  }

  /** Show what belongs to the axis, and how much is smoothed. */
  fit() {
    const { axis: over, smoothing } = this.chosen;
    document.getElementById("chart-learns").parentElement.hidden = over === "time";
    document.getElementById("chart-smoothed").textContent = smoothing === 0 ? "none" : `${Math.round(100 * smoothing)} %`;
  }

  get chosen() {
    const value = (id) => document.getElementById(id).value;
    return {
      metric: this.metric.value,
      shows: value("chart-shows"),
      axis: value("chart-axis"),
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
  const text = (hasLines && describe(lines, marks)) || (chosen.isPart ? NONE_HERE : NONE);
  document.getElementById("chart-text").textContent = text;
  chart.element.setAttribute("aria-label", `A chart. ${text}`);
}
