// A table that the server filters and orders: what is chosen goes into the address, and the page stays.

const TYPING_MS = 250;

/** Follow the links and the form of a table; `refresh` is to take the page of the address. */
export function startChoosing(form, refresh) {
  let timer = null;
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-choice]");
    if (link !== null && event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      history.pushState(null, "", link.getAttribute("href") === "?" ? location.pathname : link.href);
      refresh();
    }
  });
  addEventListener("popstate", () => location.reload());
  form?.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(search, TYPING_MS);
  });
  form?.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(timer);
    search();
  });

  function search() {
    const query = new URLSearchParams(location.search);
    query.delete("page");
    for (const name of ["q", "flavor"]) {
      const value = form.elements[name]?.value.trim() ?? "";
      value === "" ? query.delete(name) : query.set(name, value);
    }
    history.replaceState(null, "", query.size === 0 ? location.pathname : `?${query}`);
    refresh();
  }
}

/** Put the rows into the order that the server has them in. */
export function arrange(id) {
  const body = document.getElementById(id)?.tBodies[0];
  if (body === undefined) {
    return;
  }
  const rows = [...body.rows].toSorted((a, b) => a.dataset.place - b.dataset.place);
  if (rows.some((row, index) => row !== body.rows[index])) {
    const focused = document.activeElement;
    body.append(...rows);
    // What is moved loses the focus.
    focused?.focus({ preventScroll: true });
  }
}
