// What is chosen stands in the address: a link shows what somebody sees.

/** Return the parameters of the address. */
export function parameters() {
  return new URLSearchParams(location.search);
}

/** Write parameters into the address, without a new page; null or "" takes one out. */
export function remember(changes) {
  const query = parameters();
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === "") {
      query.delete(name);
    } else {
      query.set(name, value);
    }
  }
  const text = query.toString();
  history.replaceState(null, "", `${location.pathname}${text ? `?${text}` : ""}${location.hash}`);
}
