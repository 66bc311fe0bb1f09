// The range of time at the top of a page: all its charts show it, and each can change it.

import { parameters, remember } from "./addresses.js";
import { AUTO, PRESETS, between, boundsOf, moved, parametersOf, readRange, titleOf } from "./ranges.js";

const CUSTOM = "custom";

/** The range that a page's charts share. `onChange` is called where another one is chosen. */
export class Timeline {
  constructor(onChange) {
    this.onChange = onChange;
    this.range = readRange(parameters());
    this.left = [];
    this.span = null;
    this.followers = new Set();
    this.form = document.getElementById("range");
    if (this.form !== null) {
      this.start();
    }
  }

  /** Take the first and the last time that there is data of. */
  know(times) {
    if (times.length > 0) {
      this.span = { first: times[0], last: times.at(-1) };
    }
  }

  /** Have a plot, whose data come from elsewhere, show the range as it goes on. */
  follow(plot) {
    this.followers.add(plot);
  }

  /** Have the plots that follow show the range as it is now. */
  lead() {
    for (const plot of this.followers) {
      plot.rescale();
    }
  }

  /** Return `{since, until}` now; null: whatever there is. */
  bounds() {
    return boundsOf(this.range, Date.now() / 1000, this.span);
  }

  /** Show another range; `back` leads from it to the one before. */
  choose(range) {
    if (range !== null) {
      this.left.push(this.range);
      this.show(range);
    }
  }

  zoom(from, until) {
    this.choose(between(from, until));
  }

  back() {
    this.show(this.left.pop() ?? AUTO);
  }

  show(range) {
    this.range = range;
    remember(parametersOf(range));
    this.fit();
    this.lead();
    this.onChange();
  }

  start() {
    const { elements } = this.form;
    elements.range.replaceChildren(
      new Option(titleOf(AUTO), "auto"),
      ...PRESETS.map(([seconds]) => new Option(titleOf({ kind: "last", seconds }), String(seconds))),
      new Option("all", "all"),
      new Option(titleOf({ kind: "between" }), CUSTOM),
    );
    elements.range.addEventListener("change", () => this.take(elements.range.value));
    for (const name of ["from", "until"]) {
      elements[name].addEventListener("change", () => this.takeTimes());
    }
    elements.back.addEventListener("click", () => this.back());
    elements.now.addEventListener("click", () => this.choose(AUTO));
    elements.earlier.addEventListener("click", () => this.move(-0.5));
    elements.later.addEventListener("click", () => this.move(0.5));
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.form.hidden = false;
    this.fit();
  }

  take(value) {
    if (value === CUSTOM) {
      const bounds = this.bounds();
      this.choose(bounds === null ? null : moved(bounds, 0));
    } else {
      this.choose(readRange(new URLSearchParams({ range: value })));
    }
  }

  takeTimes() {
    const [from, until] = ["from", "until"].map((name) => new Date(this.form.elements[name].value).getTime() / 1000);
    const range = between(from, until);
    this.form.elements.until.setCustomValidity(range === null ? "It ends before it begins." : "");
    if (range === null) {
      this.form.reportValidity();
    } else {
      this.choose(range);
    }
  }

  move(share) {
    const bounds = this.bounds();
    if (bounds !== null) {
      this.choose(moved(bounds, share));
    }
  }

  /** Show in the controls what is chosen. */
  fit() {
    if (this.form === null) {
      return;
    }
    const { elements } = this.form;
    const isBetween = this.range.kind === "between";
    const value = this.range.kind === "last" ? String(this.range.seconds) : this.range.kind;
    if (![...elements.range.options].some((option) => option.value === value) && !isBetween) {
      elements.range.add(new Option(titleOf(this.range), value));
    }
    elements.range.value = isBetween ? CUSTOM : value;
    for (const label of this.form.querySelectorAll(".absolute")) {
      label.hidden = !isBetween;
    }
    if (isBetween) {
      elements.from.value = local(this.range.from);
      elements.until.value = local(this.range.until);
    }
    elements.back.disabled = this.left.length === 0 && this.range.kind === "auto";
  }
}

/** Return a time as a field for times has it, in the reader's time zone. */
function local(seconds) {
  const moment = new Date(seconds * 1000);
  return new Date(moment.getTime() - moment.getTimezoneOffset() * 60000).toISOString().slice(0, 19);
}
