// One part of the page in the state of another. What is equal stays: focus, selection and scrolling with it.

/** Make `here` like `there`, which is used up. Children with `data-key` are matched by it, and stay in order. */
export function update(here, there) {
  if (here.isEqualNode(there)) {
    return;
  }
  if (!isAlike(here, there)) {
    here.replaceWith(document.adoptNode(there));
  } else if (here.nodeType !== Node.ELEMENT_NODE) {
    here.data = there.data;
  } else {
    updateAttributes(here, there);
    updateChildren(here, there);
  }
}

function isAlike(here, there) {
  return here.nodeName === there.nodeName && keyOf(here) === keyOf(there);
}

function keyOf(node) {
  return node.dataset?.key;
}

function updateAttributes(here, there) {
  for (const { name } of [...here.attributes]) {
    if (!there.hasAttribute(name)) {
      here.removeAttribute(name);
    }
  }
  for (const { name, value } of there.attributes) {
    if (here.getAttribute(name) !== value) {
      here.setAttribute(name, value);
    }
  }
}

function updateChildren(here, there) {
  if ([...there.children].some((child) => keyOf(child) !== undefined)) {
    updateKeyed(here, there);
  } else if (here.childNodes.length === there.childNodes.length) {
    const theirs = [...there.childNodes];
    [...here.childNodes].forEach((child, index) => update(child, theirs[index]));
  } else {
    here.replaceChildren(...[...there.childNodes].map((node) => document.adoptNode(node)));
  }
}

function updateKeyed(here, there) {
  const theirs = new Map([...there.children].map((child) => [keyOf(child), child]));
  for (const child of [...here.children]) {
    const twin = theirs.get(keyOf(child));
    if (twin === undefined) {
      child.remove();
    } else {
      theirs.delete(keyOf(child));
      update(child, twin);
    }
  }
  here.append(...[...theirs.values()].map((node) => document.adoptNode(node)));
}
