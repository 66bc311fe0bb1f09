// Times as text, in the reader's time zone.

const DAY = 86400;
const two = (number) => String(number).padStart(2, "0");

/** Return a time, in seconds since the epoch, to the second. */
export function formatMoment(seconds) {
  return seconds === null || seconds === undefined ? "–" : `${date(new Date(seconds * 1000))} ${clock(new Date(seconds * 1000), true)}`;
}

/** Return the texts of an axis with a tick every `step` seconds: the date stands where it is another one. */
export function formatTicks(ticks, step) {
  let last = null;
  return ticks.map((tick) => {
    const moment = new Date(tick * 1000);
    const day = date(moment);
    if (step >= DAY) {
      return day;
    }
    const isNew = day !== last;
    last = day;
    return isNew ? `${clock(moment, step < 60)}\n${day}` : clock(moment, step < 60);
  });
}

function date(moment) {
  return `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}`;
}

function clock(moment, hasSeconds) {
  const time = `${two(moment.getHours())}:${two(moment.getMinutes())}`;
  return hasSeconds ? `${time}:${two(moment.getSeconds())}` : time;
}
