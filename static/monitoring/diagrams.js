// How good the predictions of the last learns were: residuals, or calibration.

import { formatCount } from "./numbers.js";
import { MOMENT, Plot, axis, color, latest, numbers, short, times } from "./plots.js";
import { align } from "./series.js";
import { zoomable } from "./zooming.js";

// So wide is the text of a limit, in pixels.
const LIMIT_WIDTH = 60;
const POINT_SIZE = 5;

/** How many learns had a residual, or what `title` names, within which limits. The bars at the ends have no limit outwards. */
export class Histogram extends Plot {
  draw({ n, limits, title = "Residual" }) {
    this.title = title;
    this.limits = limits;
    // Limits stand between two bars.
    this.show(JSON.stringify(n.length), [n.map((_, index) => index), n], () => this.options(n.length));
  }

  options(length) {
    return {
      scales: { x: { time: false, range: [-0.5, length - 0.5] }, y: { range: (_, __, highest) => [0, highest || 1] } },
      axes: [
        axis({ grid: { show: false }, splits: (plot) => this.splits(plot), values: (_, places) => places.map((place) => short(this.limits[place - 0.5])) }),
        numbers(),
      ],
      series: [
        { label: this.title, value: (_, index) => this.range(index) },
        { label: "Learns", value: (_, value) => formatCount(value), stroke: color("--accent"), fill: color("--accent-ground"), width: 1, paths: window.uPlot.paths.bars({ size: [0.92, Infinity] }), points: { show: false } },
      ],
    };
  }

  splits(plot) {
    const room = Math.max(1, Math.floor(plot.width / LIMIT_WIDTH));
    const step = Math.ceil(this.limits.length / room);
    return this.limits.map((_, index) => index + 0.5).filter((_, index) => index % step === 0);
  }

  range(index) {
    if (index === null || this.limits.length === 0) {
      return "–";
    }
    const [lowest, highest] = [this.limits[index - 1], this.limits[index]];
    if (lowest === undefined) {
      return `below ${short(highest)}`;
    }
    return highest === undefined ? `${short(lowest)} and above` : `${short(lowest)} to ${short(highest)}`;
  }
}

/** Each residual over the time of its learn, or over what was predicted. Over time it shows what `timeline` has. */
export class Scatter extends Plot {
  constructor(element, timeline) {
    super(element);
    this.timeline = timeline;
  }

  draw({ time, prediction, residual }, over) {
    const isTime = over === "time";
    const order = sorted(isTime ? time : prediction);
    const pick = (column) => order.map((index) => column[index]);
    const zoom = isTime ? zoomable(this.timeline, "time") : null;
    this.show(over, [pick(isTime ? time : prediction), pick(residual)], () => ({
      scales: { x: { time: isTime, ...(zoom && { range: zoom.range }) } },
      ...(zoom && { cursor: zoom.cursor }),
      axes: [isTime ? times() : axis({ values: (_, ticks) => ticks.map(short) }), numbers()],
      series: [
        isTime ? MOMENT : { label: "Prediction", value: latest(short) },
        { label: "Residual", stroke: color("--accent"), value: latest(short), paths: () => null, points: { show: true, size: POINT_SIZE, fill: color("--accent"), width: 0 } },
      ],
      hooks: { drawAxes: [drawZero], setSelect: zoom ? [zoom.select] : [] },
    }));
  }
}

/** What was said to be how probable, and how often it came true; the bars show of how many learns. */
export class Reliability extends Plot {
  draw({ n, claimed, observed }) {
    const known = n.map((_, index) => index).filter((index) => n[index] > 0);
    const lines = [
      { x: n.map((_, index) => (index + 0.5) / n.length), y: n },
      { x: [0, 1], y: [0, 1] },
      { x: known.map((index) => claimed[index]), y: known.map((index) => observed[index]) },
    ];
    this.show("", align(lines), () => ({
      scales: { x: { time: false, range: [0, 1] }, y: { range: [0, 1] }, n: { range: (_, __, highest) => [0, 1.1 * (highest || 1)] } },
      axes: [axis({ values: (_, ticks) => ticks.map(short) }), numbers(), numbers({ scale: "n", side: 1, grid: { show: false } })],
      series: [
        { label: "Probability", value: (_, value) => short(value) },
        { label: "Learns", value: (_, value) => formatCount(value), scale: "n", stroke: color("--line"), fill: color("--accent-ground"), width: 1, paths: window.uPlot.paths.bars({ size: [0.9, Infinity] }), points: { show: false } },
        { label: "Perfect", stroke: color("--faint"), dash: [6, 4], width: 1, spanGaps: true, points: { show: false }, value: () => "" },
        { label: "Came true", stroke: color("--accent"), width: 2, spanGaps: true, value: (_, value) => short(value), points: { show: true, size: 2 * POINT_SIZE, fill: color("--accent") } },
      ],
    }));
  }
}

/** Return the places of the values, the lowest first. */
export function sorted(values) {
  return values.map((_, index) => index).sort((a, b) => values[a] - values[b]);
}

function drawZero(plot) {
  const { ctx, bbox } = plot;
  const place = Math.round(plot.valToPos(0, "y", true));
  if (place >= bbox.top && place <= bbox.top + bbox.height) {
    ctx.save();
    ctx.strokeStyle = color("--faint");
    ctx.lineWidth = devicePixelRatio;
    ctx.beginPath();
    ctx.moveTo(bbox.left, place);
    ctx.lineTo(bbox.left + bbox.width, place);
    ctx.stroke();
    ctx.restore();
  }
}
