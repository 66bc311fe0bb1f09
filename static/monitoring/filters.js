// Which of the events are shown; nothing here touches the page.

/** Say whether an event `{kind, data}`, `data` being JSON, is of that kind and has that text in it. */
export function matches({ kind, data }, wanted) {
  if (wanted.kind !== "" && kind !== wanted.kind) {
    return false;
  }
  // As the page shows it: what is sent may have its letters escaped.
  return wanted.text === "" || JSON.stringify(JSON.parse(data)).toLowerCase().includes(wanted.text.toLowerCase());
}

/** Return JSON as people read it, cut where it is longer than anybody would. */
export function readable(data, most) {
  const text = JSON.stringify(JSON.parse(data), null, 2);
  return text.length > most ? `${text.slice(0, most)}\n… (${(text.length - most).toLocaleString("en")} more characters)` : text;
}

/** The newest items, as many and as long together as there is room for; an item has `data`. */
export class Recent {
  items = [];
  #characters = 0;

  constructor(most, mostCharacters) {
    this.most = most;
    this.mostCharacters = mostCharacters;
  }

  add(item) {
    this.items.push(item);
    this.#characters += item.data.length;
    while (this.items.length > this.most || (this.#characters > this.mostCharacters && this.items.length > 1)) {
      this.#characters -= this.items.shift().data.length;
    }
  }
}
