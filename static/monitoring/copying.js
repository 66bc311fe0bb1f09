// A chart's numbers as CSV, and the chart as a picture.

import { color } from "./plots.js";

const MARGIN = 12;
const LINE = 18;
const FONT = "13px system-ui, sans-serif";

/** Return a table as CSV; `columns` are as uPlot has them, the first is `isTime` or a number. */
export function csv(labels, columns, isTime) {
  const rows = columns[0].map((_, index) => columns.map((column, number) => cell(column[index], isTime && number === 0)));
  return [labels.map(quoted), ...rows].map((row) => `${row.join(",")}\r\n`).join("");
}

function cell(value, isTime) {
  if (value === null || value === undefined) {
    return "";
  }
  return isTime ? new Date(value * 1000).toISOString() : quoted(String(value));
}

function quoted(text) {
  // What a spreadsheet would take for a formula stays text.
  const safe = /^[=+@\t\r]|^-(?!\d|Infinity)/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Offer what a plot shows below it; `plot()` returns what is drawn now. */
export function offerFiles(element, plot) {
  const tools = document.createElement("p");
  tools.className = "tools";
  tools.hidden = true;
  const title = element.dataset.title ?? element.id.replace("chart-", "");
  const what = (kind) => `${document.body.dataset.model ?? "compare"}-${title}.${kind}`.replaceAll(/[^\w.-]+/g, "-");
  tools.append(
    button("CSV", `The numbers of the chart ${title} as CSV`, () => save(what("csv"), new Blob([csvOf(plot())], { type: "text/csv" }))),
    button("PNG", `The chart ${title} as a picture`, () => picture(plot()).toBlob((blob) => save(what("png"), blob))),
  );
  element.after(tools);
  return tools;
}

function button(text, label, onClick) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  made.setAttribute("aria-label", label);
  made.addEventListener("click", onClick);
  return made;
}

function csvOf(plot) {
  return csv(plot.series.map(({ label }) => label), plot.data, plot.scales.x.time);
}

function picture(plot) {
  const drawn = plot.ctx.canvas;
  const scale = devicePixelRatio;
  const canvas = document.createElement("canvas");
  canvas.width = drawn.width + 2 * MARGIN * scale;
  canvas.height = drawn.height + (2 * MARGIN + LINE) * scale;
  const context = canvas.getContext("2d");
  context.fillStyle = color("--surface");
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(drawn, MARGIN * scale, (MARGIN + LINE) * scale);
  context.scale(scale, scale);
  context.font = FONT;
  let place = MARGIN;
  const { model } = document.body.dataset;
  for (const { text, stroke } of [{ text: model ?? "", stroke: color("--text") }, ...plot.series.slice(1).map((line, index) => ({ text: line.label, stroke: colorOf(plot, line, index + 1) }))]) {
    context.fillStyle = stroke;
    context.fillText(text, place, MARGIN + LINE / 2);
    place += context.measureText(text).width + 2 * MARGIN;
  }
  return canvas;
}

function colorOf(plot, { stroke }, index) {
  return (typeof stroke === "function" ? stroke(plot, index) : stroke) ?? color("--text");
}

function save(name, blob) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href));
}
