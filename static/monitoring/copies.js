// Buttons that copy the text beside them.

const SHOWN_MS = 2000;

/** Show the buttons, and have them work. */
export function offerCopies() {
  for (const button of document.querySelectorAll("button.copy")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const code = button.parentElement.querySelector("code");
      button.textContent = (await copy(code)) ? "Copied" : "Select and copy";
      setTimeout(() => { button.textContent = "Copy"; }, SHOWN_MS);
    });
  }
}

async function copy(code) {
  try {
    await navigator.clipboard.writeText(code.textContent);
    return true;
  } catch {
    // Browsers grant it on https and on localhost only.
    getSelection().selectAllChildren(code);
    return false;
  }
}
