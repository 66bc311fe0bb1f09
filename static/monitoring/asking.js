// Requests that change something, and what the server says to them.

/** Send a request; return its answer and `refusal`: why it was refused, or null. */
export async function ask(method, url, body = undefined, type = undefined) {
  try {
    const response = await fetch(url, { method, body, headers: type ? { "Content-Type": type } : {} });
    const text = await response.text();
    const answer = text ? JSON.parse(text) : {};
    return { answer, refusal: response.ok ? null : textOf(answer.message) };
  } catch {
    return { answer: {}, refusal: "The server does not answer." };
  }
}

/** Return what an error says as one text. */
export function textOf(message) {
  if (typeof message === "string") {
    return message;
  }
  return Object.entries(message).map(([name, reasons]) => `${name}: ${[reasons].flat().join(" ")}`).join(" ");
}

/** Return the type of what is in a file: a specification is JSON, all else a pickle. */
export function typeOf(file) {
  return file.name.endsWith(".json") ? "application/json" : "application/octet-stream";
}

/** Return a name for a model out of that of its file. */
export function nameOf(file) {
  return file.name.replace(/\.(pickle|pkl|json|dill|bin)$/i, "");
}
