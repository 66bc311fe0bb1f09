// A table that sorts and filters; what was chosen holds for the rows that come later, too.

/** Have the table with that id sorted by its heads, and filtered by the text of the input. */
export function startTable(id, input) {
  let column = null;
  let isDescending = false;
  input.parentElement.hidden = false;
  input.addEventListener("input", apply);
  document.addEventListener("click", (event) => {
    const button = event.target.closest(`#${id} thead button`);
    if (button !== null) {
      const chosen = [...button.closest("tr").children].indexOf(button.parentElement);
      // Numbers begin with the greatest.
      isDescending = chosen === column ? !isDescending : button.parentElement.dataset.sort !== "text";
      column = chosen;
      apply();
      document.querySelectorAll(`#${id} thead th`)[column].querySelector("button").focus();
    }
  });

  function apply() {
    const table = document.getElementById(id);
    if (table === null) {
      return;
    }
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, index) => dress(head, index));
    const rows = [...table.tBodies[0].rows];
    const wanted = input.value.trim().toLowerCase();
    for (const row of rows) {
      row.hidden = !row.cells[0].textContent.toLowerCase().includes(wanted);
    }
    if (column !== null) {
      const kind = heads[column].dataset.sort;
      rows.sort((a, b) => (isDescending ? -1 : 1) * compare(key(a.cells[column], kind), key(b.cells[column], kind)));
      table.tBodies[0].append(...rows);
    }
  }

  function dress(head, index) {
    if (head.dataset.sort && head.querySelector("button") === null) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
    }
    if (index === column) {
      head.setAttribute("aria-sort", isDescending ? "descending" : "ascending");
    } else {
      head.removeAttribute("aria-sort");
    }
  }

  apply();
  return { apply };
}

function key(cell, kind) {
  if (kind === "time") {
    return Date.parse(cell.querySelector("time")?.dateTime ?? "") || -Infinity;
  }
  if (kind === "number") {
    const value = Number.parseFloat(cell.dataset.value ?? cell.textContent);
    return Number.isNaN(value) ? -Infinity : value;
  }
  return cell.textContent.trim().toLowerCase();
}

function compare(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}
