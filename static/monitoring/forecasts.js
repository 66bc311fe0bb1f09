// Observations of a series, and what was forecast of them when.

import { Plot, axis, color, numbers, short } from "./plots.js";

/** Forecasts as they were made, one after the other, instead of those of one step ahead. */
export const WHOLE = "whole";

/** Return the choices `[value, text]` that there are. */
export function choices({ steps, whole }) {
  const single = Object.keys(steps).map((step) => [step, step === "1" ? "1 step before" : `${step} steps before`]);
  return whole > 1 ? [...single, [WHOLE, `${whole} steps at a time`]] : single;
}

/** Return what was forecast of each observation, of as many steps before as is chosen. */
export function forecastsOf({ value, steps, whole }, chosen) {
  if (chosen !== WHOLE) {
    return steps[chosen] ?? value.map(() => null);
  }
  return value.map((_, index) => steps[1 + position(index, value.length, whole)][index]);
}

/** Return the places of the observations after which the forecasts were made that are shown as a whole. */
export function origins({ value, whole }) {
  return value.map((_, index) => index).filter((index) => position(index + 1, value.length, whole) === 0);
}

// The last of the forecasts ends at the newest observation.
function position(index, length, whole) {
  return (((index - length) % whole) + whole) % whole;
}

/** Observations and forecasts over the number of the observation, counted back from the newest. */
export class Forecasts extends Plot {
  draw(drawn, chosen) {
    const places = drawn.value.map((_, index) => index + 1 - drawn.value.length);
    this.origins = chosen === WHOLE ? origins(drawn).map((index) => places[index]) : [];
    this.show(chosen, [places, drawn.value, forecastsOf(drawn, chosen)], () => this.options());
  }

  options() {
    return {
      scales: { x: { time: false } },
      axes: [axis({ incrs: [1, 2, 5, 10, 20, 50, 100], values: (_, places) => places.map((place) => (place === 0 ? "0" : `−${-place}`)) }), numbers()],
      series: [
        { label: "Observation", value: (_, place) => (place === null ? "–" : place === 0 ? "the newest" : `${-place} before the newest`) },
        { label: "Value", stroke: color("--faint"), width: 2, value: (_, value) => short(value), points: { show: false } },
        { label: "Forecast", stroke: color("--accent"), width: 2, dash: [6, 4], value: (_, value) => short(value), points: { show: false } },
      ],
      hooks: { drawAxes: [(plot) => this.drawOrigins(plot)] },
    };
  }

  drawOrigins(plot) {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.strokeStyle = color("--accent");
    ctx.setLineDash([2 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.lineWidth = devicePixelRatio;
    for (const origin of this.origins) {
      const place = Math.round(plot.valToPos(origin, "x", true));
      ctx.beginPath();
      ctx.moveTo(place, bbox.top);
      ctx.lineTo(place, bbox.top + bbox.height);
      ctx.stroke();
    }
    ctx.restore();
  }
}
