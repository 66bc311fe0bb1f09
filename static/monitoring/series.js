// What a chart of the metrics is made of; nothing here touches the page.

import { formatMetric } from "./numbers.js";

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

// How far apart samples are kept, by their age, both in seconds: as the server's levels of history.
const STEPS = [[3600, 10], [86400, 60], [30 * 86400, 900], [365 * 86400, 14400], [Infinity, 86400]];
// So many samples must be missing to leave a gap.
const MISSING = 3;

/** Return a line over time with gaps where samples are missing: there nothing was learned, or nobody was there to sample. */
export function withGaps(line, now) {
  const apart = line.x.slice(1).map((x, index) => x - line.x[index]);
  const usual = [...apart].sort((a, b) => a - b)[Math.floor(apart.length / 2)] ?? 0;
  const [x, y] = [[], []];
  line.x.forEach((place, index) => {
    const before = line.x[index - 1];
    const step = STEPS.find(([age]) => now - before < age)?.[1] ?? STEPS.at(-1)[1];
    if (place - before > MISSING * Math.max(step, usual)) {
      x.push((before + place) / 2);
      y.push(null);
    }
    x.push(place);
    y.push(line.y[index]);
  });
  return { ...line, x, y };
}

/** Return lines of how much was done a second, between two samples each; null where there is none before of the same generation. */
export function rateLines({ time, seq, n_predictions, generation }, { axis }) {
  const places = axis === "time" ? time : seq;
  const kept = time.map((_, index) => index).filter((index) => axis === "time" || generation[index] === generation.at(-1));
  const isKnown = (index) => index > 0 && generation[index] === generation[index - 1] && time[index] > time[index - 1];
  const rate = (column) => kept.map((index) => (isKnown(index) ? Math.max(0, column[index] - column[index - 1]) / (time[index] - time[index - 1]) : null));
  return [["Learns/s", seq], ["Predictions/s", n_predictions]].map(([label, column]) => ({ label, x: kept.map((index) => places[index]), y: rate(column) }));
}

/** Return a line `{label, x, y}` of a history: of its `rolling` metrics or of its `metrics` since the upload. */
export function line(history, kind, label, { metric, axis, smoothing, isNewestOnly = axis !== "time" }) {
  // Learns are counted anew with each upload: over learns, only the newest can be shown.
  const newest = history.generation.at(-1);
  const kept = history.time.map((_, index) => index).filter((index) => !isNewestOnly || history.generation[index] === newest);
  const places = axis === "time" ? history.time : history.seq;
  const values = history[kind][metric] ?? [];
  return {
    label,
    x: kept.map((index) => places[index]),
    y: smooth(kept.map((index) => values[index] ?? null), smoothing),
  };
}

/** Return the lines of one model's chart: its recent metric, the one since the upload, or both. */
export function metricLines(history, chosen) {
  const { metric, shows } = chosen;
  return [
    shows !== "metrics" && line(history, "rolling", `${metric}, recent`, chosen),
    shows !== "rolling" && { ...line(history, "metrics", `${metric} since the upload`, chosen), isFaint: shows === "both" },
  ].filter(Boolean);
}

/** Return where `{x, kind, isFeature}` something happened that a chart marks. */
export function marks(history, alerts, axis) {
  const newest = history.generation.at(-1);
  const isShown = ({ generation }) => axis === "time" || generation === newest;
  const place = ({ time, seq }) => (axis === "time" ? time : seq);
  const begun = (history.generations ?? inferred(history)).map((event) => ({ ...event, isFeature: false }));
  const found = alerts.map((alert) => ({ ...alert, isFeature: alert.source.startsWith("feature ") }));
  return [...begun, ...found].filter(isShown).map((event) => ({ x: place(event), kind: event.kind, isFeature: event.isFeature }));
}

/** Return the marks `{x, kind, isFeature, text}` of notes, which have a time and no learn. */
export function noteMarks(notes, axis) {
  return axis === "time" ? notes.map(({ time, text }) => ({ x: time, kind: "note", isFeature: false, text })) : [];
}

/** Return the uploads that show in the samples: where another generation begins. */
function inferred({ generation, seq, time }) {
  return generation
    .map((number, index) => ({ generation: number, seq: seq[index], time: time[index], kind: "upload" }))
    .filter(({ generation: number }, index) => index > 0 && number !== generation[index - 1]);
}

/** Return marks `{place, kind, isFeature}`, from left to right, less those too near to another like them; or of one `group`. */
export function apart(marks, distance) {
  const last = new Map();
  return marks.toSorted((a, b) => a.place - b.place).filter(({ place, kind, isFeature, group = `${kind} ${isFeature}` }) => {
    const isFree = place >= (last.get(group) ?? -Infinity) + distance;
    if (isFree) {
      last.set(group, place);
    }
    return isFree;
  });
}

/** Say in words what lines and marks show; nothing, where there is nothing to say. */
export function describe(lines, events = []) {
  const parts = lines
    .map(({ label, y }) => [label, y.filter((value) => value !== null && value !== undefined)])
    .filter(([, known]) => known.length > 0)
    .map(([label, known]) => `${label}: now ${formatMetric(known.at(-1))}, lowest ${formatMetric(Math.min(...known))}, highest ${formatMetric(Math.max(...known))}`);
  if (parts.length === 0) {
    return "";
  }
  return `${parts.join("; ")}.${describeMarks(lines, events)}`;
}

function describeMarks(lines, events) {
  const places = lines.flatMap(({ x }) => x);
  const [first, last] = [Math.min(...places), Math.max(...places)];
  const counts = new Map();
  for (const { x, kind, isFeature } of events) {
    if (x >= first && x <= last) {
      const name = isFeature ? `${kind} of a feature` : kind;
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  const parts = [...counts].map(([name, n]) => `${name} (${n})`);
  return parts.length > 0 ? ` Marked: ${parts.join(", ")}.` : "";
}
