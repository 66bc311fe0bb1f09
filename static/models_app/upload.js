// The page that uploads a model: examples and the preview without leaving it, so that a chosen file stays.

const form = document.querySelector("#servedmodel_form");
const examples = document.querySelector("form.examples");
let nAsked = 0;

examples.addEventListener("submit", (event) => {
  event.preventDefault();
  const [chosen] = examples.elements.example.selectedOptions;
  for (const [name, value] of Object.entries(chosen.dataset)) form.elements[name].value = value;
  show();
});

form.addEventListener("submit", (event) => {
  if (event.submitter?.name !== "_preview") return;
  event.preventDefault();
  show();
});

/** Ask the server what would come of the form, and show that, or what is wrong. */
async function show() {
  const body = new FormData(form);
  body.set("_preview", "1");
  const preview = document.querySelector("#preview");
  const asked = ++nAsked;
  preview.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(form.action, { method: "POST", body });
    if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    // Of two that are under way, the later one counts.
    if (asked !== nAsked) return;
    showErrors(page);
    preview.replaceChildren(...page.querySelector("#preview").childNodes);
  } catch (error) {
    preview.textContent = `There is no preview: ${error.message}`;
  }
  preview.removeAttribute("aria-busy");
  preview.scrollIntoView({ block: "nearest" });
}

function showErrors(page) {
  for (const old of form.querySelectorAll(".errornote, .errorlist")) old.remove();
  const note = page.querySelector(".errornote");
  if (note !== null) {
    const general = page.querySelectorAll(".errornote + .errorlist");
    form.querySelector("fieldset").before(note, ...general);
  }
  for (const row of form.querySelectorAll(".form-row")) {
    const its = page.querySelector(`.form-row.${[...row.classList].find((name) => name.startsWith("field-"))}`);
    row.className = its.className;
    const list = its.querySelector(".errorlist");
    if (list !== null) row.prepend(list);
  }
  form.querySelector(".errors")?.scrollIntoView({ block: "nearest" });
}
