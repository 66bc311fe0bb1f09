// uPlot on a page that changes its width and its colours.

import { offerFiles } from "./copying.js";
import { formatMoment, formatTicks } from "./times.js";

const HEIGHT = 280;
// What a grid of numbers must leave free beside it, and a time on its axis, in pixels.
const AXIS_WIDTH = 64;
const TIME_WIDTH = 80;

/** Return the value of one of the page's colours. */
export function color(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** Return an axis in the page's colours. */
export function axis(options = {}) {
  const lines = { stroke: color("--line"), width: 1 };
  return { stroke: color("--faint"), grid: lines, ticks: lines, ...options };
}

/** Return a vertical axis of numbers. */
export function numbers(options = {}) {
  return axis({ size: AXIS_WIDTH, values: (_, ticks) => ticks.map(short), ...options });
}

/** Return a horizontal axis of times, in seconds since the epoch. */
export function times() {
  return axis({ space: TIME_WIDTH, values: (_, ticks, __, ___, step) => formatTicks(ticks, step) });
}

/** What the legend says of a place on it. */
export const MOMENT = { label: "Time", value: latest(formatMoment) };

/** Return how a legend says a value: that at the cursor, and without one the latest. */
export function latest(format) {
  return (plot, value, series, index) => format(index === null || index === undefined ? lastOf(plot.data[series]) : value);
}

function lastOf(values) {
  return values?.findLast((value) => value !== null && value !== undefined) ?? null;
}

/** A number of an axis or a legend. */
export function short(value) {
  return value === null || value === undefined ? "–" : String(Number(value.toPrecision(4)));
}

/** A drawing that is shown anew with other data. */
export class Plot {
  constructor(element) {
    this.element = element;
    this.plot = null;
    this.shown = null;
    this.tools = offerFiles(element, () => this.plot);
    new ResizeObserver(() => this.fit()).observe(element);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.repaint());
  }

  /** Show data; where `shape`, a text, is another one than the last, with what `options()` returns. */
  show(shape, data, options) {
    if (this.plot !== null && this.shown.shape === shape) {
      this.plot.setData(data);
    } else {
      this.clear();
      this.plot = new window.uPlot({ width: this.width(), height: HEIGHT, ...options() }, data, this.element);
    }
    this.shown = { shape, data, options };
    this.tools.hidden = false;
    if ((this.plot.cursor.idx ?? null) === null) {
      this.plot.setLegend({ idx: null }, false);
    }
  }

  /** Show what its axes are to show now. */
  rescale() {
    this.plot?.setData(this.plot.data);
  }

  repaint() {
    if (this.plot !== null) {
      const { shape, data, options } = this.shown;
      this.clear();
      this.show(shape, data, options);
    }
  }

  clear() {
    this.plot?.destroy();
    this.plot = null;
    this.tools.hidden = true;
  }

  fit() {
    this.plot?.setSize({ width: this.width(), height: HEIGHT });
  }

  width() {
    const { paddingLeft, paddingRight } = getComputedStyle(this.element);
    return this.element.clientWidth - Number.parseFloat(paddingLeft) - Number.parseFloat(paddingRight);
  }
}
