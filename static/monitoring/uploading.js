// A model that is dropped onto the overview, or chosen there, is uploaded under the name that is asked for.

import { ask, nameOf, typeOf } from "./asking.js";
import { formatBytes } from "./numbers.js";
import { refreshSoon } from "./sections.js";

const form = document.getElementById("upload");
const [file, name, button] = ["file", "name", "send"].map((each) => form.elements[each]);
const said = form.querySelector("[role=status]");

function chosen() {
  const [found] = file.files;
  if (found && !name.value) {
    name.value = nameOf(found);
  }
  if (found) {
    name.focus();
    name.select();
  }
}

function say(text, address = null, words = "") {
  said.replaceChildren(text);
  if (address) {
    const link = document.createElement("a");
    link.href = address;
    link.textContent = words;
    said.prepend(link, ": ");
  }
}

async function send(event) {
  event.preventDefault();
  const [found] = file.files;
  button.disabled = true;
  say(`${found.name} is being tried …`);
  const url = `/api/model/${encodeURIComponent(name.value.trim())}?flavor=auto&details=true`;
  const { answer, refusal } = await ask("POST", url, found, typeOf(found));
  button.disabled = false;
  said.classList.toggle("refused", refusal !== null);
  if (refusal !== null) {
    say(refusal);
    return;
  }
  const parts = [answer.flavor, formatBytes(answer.size_bytes), answer.classes.join(", ") || "of classes that have no specification"];
  const remarks = answer.remarks.map((remark) => remark.message);
  say(`${parts.join("; ")}. ${remarks.join(" ") || "The trial had nothing to remark."}`, `/models/${encodeURIComponent(answer.name)}/`, answer.name);
  form.reset();
  refreshSoon();
}

function isFile(event) {
  return [...event.dataTransfer?.types ?? []].includes("Files");
}

let depth = 0;
function over(change) {
  depth = Math.max(0, depth + change);
  form.classList.toggle("over", depth > 0);
}

document.addEventListener("dragenter", (event) => { if (isFile(event)) { over(1); } });
document.addEventListener("dragleave", (event) => { if (isFile(event)) { over(-1); } });
document.addEventListener("dragover", (event) => { if (isFile(event)) { event.preventDefault(); } });
document.addEventListener("drop", (event) => {
  if (isFile(event)) {
    event.preventDefault();
    over(-depth);
    form.closest("details").open = true;
    name.value = "";
    file.files = event.dataTransfer.files;
    chosen();
  }
});
file.addEventListener("change", chosen);
form.addEventListener("submit", send);
button.disabled = false;
