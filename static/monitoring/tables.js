// A table that sorts and filters; what was chosen holds for the rows that come later, too.

/** Have the table with that id sorted by its heads, at first the worst status first, and filtered by the text of the input. */
export function startTable(id, input) {
  let column = null;
  let isDescending = false;
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
    input.parentElement.hidden = table === null;
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
    if (column === null) {
      arrange(table.tBodies[0], rows.toSorted((a, b) => a.dataset.rank - b.dataset.rank || compare(nameOf(a), nameOf(b))));
      return;
    }
    const kind = heads[column].dataset.sort;
    const keys = new Map(rows.map((row) => [row, key(row.cells[column], kind)]));
    arrange(table.tBodies[0], rows.toSorted((a, b) => (isDescending ? -1 : 1) * compare(keys.get(a), keys.get(b))));
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

function arrange(body, rows) {
  if (rows.some((row, index) => row !== body.rows[index])) {
    const focused = document.activeElement;
    body.append(...rows);
    // What is moved loses the focus.
    focused?.focus({ preventScroll: true });
  }
}

function nameOf(row) {
  return row.dataset.key;
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
