// What is done with a model on its page: each form says with what method, where and with what body.

import { ask, typeOf } from "./asking.js";

const said = document.getElementById("managed");

async function act(event) {
  event.preventDefault();
  const form = event.target;
  const { method, url, body, leads, name, done } = form.dataset;
  if (name && form.elements.name.value !== name) {
    tell(`Type ${name} to delete it.`, true);
    form.elements.name.focus();
    return;
  }
  const file = form.elements.file?.files[0];
  usable(form, false);
  tell("…", false);
  const { answer, refusal } = await ask(method, url, file ?? body, file ? typeOf(file) : body && "application/json");
  usable(form, true);
  if (refusal !== null) {
    tell(refusal, true);
    return;
  }
  if (leads) {
    location.assign(leads);
    return;
  }
  const remarks = (answer.remarks ?? []).map((remark) => remark.message);
  sessionStorage.setItem("managed", [done, ...remarks].join(" "));
  location.reload();
}

function usable(form, isUsable) {
  form.querySelector("button").disabled = !isUsable;
}

function tell(text, isRefused) {
  said.textContent = text;
  said.classList.toggle("refused", isRefused);
}

for (const form of document.querySelectorAll("form.act")) {
  form.addEventListener("submit", act);
  usable(form, true);
}
// What was done is told on the page as it is since then.
const before = sessionStorage.getItem("managed");
if (before) {
  sessionStorage.removeItem("managed");
  tell(before, false);
  document.querySelector("[data-fold=manage]").open = true;
}
