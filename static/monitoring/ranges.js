// The range of time that the charts of a page share: as it is chosen, written in the address, and what it means now.

/** What can be chosen, in seconds back from now. */
export const PRESETS = [
  [300, "5 minutes"], [900, "15 minutes"], [3600, "an hour"], [21600, "6 hours"],
  [86400, "a day"], [604800, "a week"], [2592000, "30 days"],
];
/** Where there is data, whether or not more comes. */
export const AUTO = { kind: "auto" };
const ALL = { kind: "all" };
// A model whose newest sample is older does not learn now.
const PRESENT_SECONDS = 900;
const LIVE_SECONDS = 3600;
const PAST_SECONDS = 86400;
// So short a range shows at least what it has, in seconds.
const SHORTEST = 0.1;
const SHORTEST_AUTO = 30;
const MARGIN = 0.02;

/** Return the range that an address has. */
export function readRange(parameters) {
  const [from, until] = ["from", "until"].map((name) => Date.parse(parameters.get(name) ?? "") / 1000);
  if (from < until) {
    return { kind: "between", from, until };
  }
  const chosen = parameters.get("range");
  if (chosen === "all") {
    return ALL;
  }
  const seconds = Number(chosen);
  return seconds > 0 && Number.isFinite(seconds) ? { kind: "last", seconds } : AUTO;
}

/** Return what an address says of a range, by the parameters' names; null: the parameter is not in it. */
export function parametersOf(range) {
  const isBetween = range.kind === "between";
  return {
    range: range.kind === "last" ? String(range.seconds) : range.kind === "all" ? "all" : null,
    from: isBetween ? iso(range.from) : null,
    until: isBetween ? iso(range.until) : null,
  };
}

function iso(seconds) {
  return new Date(Math.round(seconds * 1000)).toISOString();
}

/** Return a range between two times; null where it would be too short to show anything. */
export function between(from, until) {
  return until - from >= SHORTEST ? { kind: "between", from, until } : null;
}

/** Return `{since, until}` of a range, in seconds since the epoch, or null: whatever there is. `span`, `{first, last}`, is that of the data. */
export function boundsOf(range, now, span) {
  if (range.kind === "between") {
    return { since: range.from, until: range.until };
  }
  if (range.kind === "last") {
    return { since: now - range.seconds, until: now };
  }
  return range.kind === "all" || span === null ? null : boundsOfData(now, span);
}

function boundsOfData(now, { first, last }) {
  if (now - last <= PRESENT_SECONDS) {
    return { since: Math.max(Math.min(first, now - SHORTEST_AUTO), now - LIVE_SECONDS), until: now };
  }
  const since = Math.max(Math.min(first, last - SHORTEST_AUTO), last - PAST_SECONDS);
  const margin = MARGIN * (last - since);
  return { since: since - margin, until: last + margin };
}

/** Return a range as long as bounds, `share` of them later. */
export function moved({ since, until }, share) {
  const by = share * (until - since);
  return { kind: "between", from: since + by, until: until + by };
}

/** Say in words what a range is. */
export function titleOf(range) {
  const known = PRESETS.find(([seconds]) => seconds === range.seconds);
  return {
    auto: "where there is data",
    all: "all",
    last: `the last ${known?.[1] ?? `${range.seconds} seconds`}`,
    between: "from … to …",
  }[range.kind];
}
