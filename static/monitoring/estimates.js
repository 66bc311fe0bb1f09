// What another policy would have earned: the server answers it as a page, here it is put into the model's.

import { update } from "./updates.js";

/** Offer the policies that there are, and show the estimates of the one that is chosen. */
export async function startEstimates() {
  const section = document.getElementById("estimates");
  if (section === null) {
    return;
  }
  const { url } = section.dataset;

  async function show(query) {
    try {
      const response = await fetch(`${url}${query}`);
      if (response.ok) {
        const page = new DOMParser().parseFromString(await response.text(), "text/html");
        update(section, page.getElementById("estimates"));
      }
    } catch {
      // The server is away; the streams show it.
    }
  }

  section.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = event.target.querySelector("button");
    const query = new URLSearchParams(new FormData(event.target));
    button.disabled = true;
    await show(`?${query}`);
    section.querySelector("button").disabled = false;
  });
  await show("");
}
