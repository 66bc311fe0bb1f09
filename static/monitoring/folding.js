// Sections that fold: which are folded stands in the address.

import { parameters, remember } from "./addresses.js";

/** Write into the address which sections are folded; the server folds them for who comes by it. */
export function rememberFolds() {
  // Of a section that is taken from a newer page, too.
  document.addEventListener("toggle", ({ target }) => {
    const { fold } = target.dataset;
    if (fold !== undefined) {
      note(fold, !target.open);
    }
  }, true);
}

function note(fold, isFolded) {
  const folded = new Set((parameters().get("folded") ?? "").split(",").filter(Boolean));
  if (folded.has(fold) !== isFolded) {
    folded[isFolded ? "add" : "delete"](fold);
    remember({ folded: [...folded].join(",") });
  }
}
