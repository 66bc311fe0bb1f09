// The button that has a model served again which was set aside.

const button = document.querySelector("#quarantine button");
const said = document.querySelector("#quarantine [role=status]");

button.addEventListener("click", async () => {
  button.disabled = true;
  try {
    const response = await fetch(button.dataset.url, { method: "POST" });
    if (response.ok) {
      location.reload();
      return;
    }
    said.textContent = (await response.json()).message;
  } catch {
    said.textContent = "The server does not answer.";
  }
  button.disabled = false;
});
