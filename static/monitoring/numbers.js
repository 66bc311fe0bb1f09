// Numbers and predictions as text.

const number = new Intl.NumberFormat("en", { maximumSignificantDigits: 5 });
const decimal = new Intl.NumberFormat("en", { minimumFractionDigits: 4, maximumFractionDigits: 4 });

const one = new Intl.NumberFormat("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const two = new Intl.NumberFormat("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const NONE = "–";

/** A metric: four decimals, so that the digits do not jump; counts and sums of whole numbers have none. */
export function formatMetric(value) {
  if (value === null || value === undefined) {
    return NONE;
  }
  return Number.isInteger(value) ? formatWhole(value) : decimal.format(value);
}

/** A number of things. */
export function formatWhole(value) {
  return value.toLocaleString("en");
}

/** A size in bytes. */
export function formatBytes(value) {
  const power = value < 1024 ? 0 : Math.min(3, Math.floor(Math.log2(value) / 10));
  return power === 0 ? `${formatWhole(value)} bytes` : `${one.format(value / 1024 ** power)} ${["KB", "MB", "GB"][power - 1]}`;
}

/** How often something happens in a second. */
export function formatRate(value) {
  return value === null ? NONE : one.format(value);
}

/** A duration in milliseconds. */
export function formatMs(value) {
  return value === null ? NONE : `${two.format(value)} ms`;
}

/** A whole number. */
export function formatCount(value) {
  return value === null || value === undefined ? "–" : value.toLocaleString("en");
}

/** A value of any kind, short. */
export function formatValue(value) {
  if (typeof value === "number") {
    return number.format(value);
  }
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** A prediction: a number, or the most probable label and its probability. */
export function formatPrediction(prediction) {
  if (prediction === null || typeof prediction !== "object") {
    return prediction === null ? "none" : formatValue(prediction);
  }
  const [best] = Object.entries(prediction).sort(([, a], [, b]) => b - a);
  return best ? `${best[0]} (${formatValue(best[1])})` : "none";
}
