// The rows of the overview, as the stream says that they have changed. `_models.html` renders them the same way.

import { formatMetric, formatMs, formatRate, formatWhole } from "./numbers.js";
import { refreshSoon, showTimes } from "./sections.js";

const CELLS = {
  rolling: formatMetric,
  metric: formatMetric,
  n_learns: formatWhole,
  per_second: formatRate,
  p50_ms: formatMs,
  p99_ms: formatMs,
  n_pending: formatWhole,
  n_refused: formatWhole,
  n_alerts: formatWhole,
};

/** Show rows, which come by their models' names. */
export function showRows(rows) {
  const table = document.getElementById("models-table");
  const shown = new Map([...document.querySelectorAll("#models-table tbody tr")].map((row) => [row.dataset.key, row]));
  for (const [name, values] of Object.entries(rows)) {
    const row = shown.get(name);
    if (row !== undefined) {
      showRow(row, values);
    } else if (table === null || table.dataset.whole !== undefined) {
      // A new model: the server renders its row. Where others are left out, it may be one of these.
      refreshSoon();
    }
  }
  showTimes();
}

function showRow(row, values) {
  for (const [name, format] of Object.entries(CELLS)) {
    const cell = row.querySelector(`[data-cell="${name}"]`);
    cell.textContent = format(values[name]);
    cell.dataset.value = values[name] ?? "";
  }
  row.querySelector("polyline").setAttribute("points", values.spark);
  for (const name of ["last_drift_at", "last_used_at"]) {
    showTime(row.querySelector(`[data-cell="${name}"]`), values[name]);
  }
}

function showTime(cell, moment) {
  if (moment !== null) {
    const time = cell.querySelector("time") ?? document.createElement("time");
    time.dateTime = moment;
    time.title = `${moment.slice(0, 19).replace("T", " ")} UTC`;
    cell.replaceChildren(time);
  }
}
