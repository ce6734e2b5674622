// Elements of the page. Whatever comes from a record becomes text, never markup.

/** An element with attributes, handlers ("onclick") and children: elements or text. */
export function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "class") element.className = value;
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Attributes that may change while the element stays. */
export function set(element, attribute, value) {
  if (value === undefined || value === null || value === false) {
    if (element.hasAttribute(attribute)) element.removeAttribute(attribute);
  } else {
    const text = value === true ? "" : String(value);
    if (element.getAttribute(attribute) !== text) element.setAttribute(attribute, text);
  }
}

/** Children of a list, one for each item; what is there stays, so focus and pictures do too. */
export class Keyed {
  constructor(parent, make) {
    this.parent = parent;
    this.make = make;
    this.rows = new Map();
  }

  show(items, keyOf) {
    const before = this.rows;
    this.rows = new Map();
    let at = this.parent.firstChild;
    for (const item of items) {
      const key = keyOf(item);
      if (this.rows.has(key)) continue;
      const row = before.get(key) ?? this.make(item);
      before.delete(key);
      row.show(item);
      this.rows.set(key, row);
      if (row.element === at) at = at.nextSibling;
      else this.parent.insertBefore(row.element, at);
    }
    for (const row of before.values()) row.element.remove();
  }
}

/** A picture that gives way to another more often than that is seen by nobody, and costs as much. */
const SHORTEST_MILLIS = 2000;

/** A picture from Kafka in a frame of fixed size; that it is gone is said in its place. */
export function thumbnail(alt) {
  const image = h("img", { alt, loading: "lazy", decoding: "async" });
  const gone = h("span", { class: "gone", hidden: true }, "no longer in Kafka");
  const element = h("span", { class: "thumbnail" }, image, gone);
  image.addEventListener("error", () => {
    image.hidden = true;
    gone.hidden = false;
  });
  image.addEventListener("load", () => {
    image.hidden = false;
    gone.hidden = true;
  });
  let wanted;
  let since = -SHORTEST_MILLIS;
  let later;
  const put = () => {
    later = undefined;
    if (!wanted) {
      image.hidden = true;
      write(gone, "no picture yet");
      gone.hidden = false;
    } else if (image.getAttribute("src") !== wanted) {
      since = performance.now();
      write(gone, "no longer in Kafka");
      image.src = wanted;
    }
  };
  return {
    element,
    show(address, text) {
      if (text !== undefined) set(image, "alt", text);
      wanted = address;
      const left = since + SHORTEST_MILLIS - performance.now();
      if (left <= 0) put();
      else later ??= setTimeout(put, left);
    },
  };
}

/** A list of terms and what they are; a third word of a pair is its class. */
export function facts(pairs) {
  return h(
    "dl",
    { class: "facts" },
    pairs
      .filter(([, value]) => value !== undefined && value !== null && value !== "")
      .map(([term, value, name]) => h("div", { class: name }, h("dt", {}, term), h("dd", {}, value))),
  );
}

export function badge(text, kind) {
  return h("span", { class: "badge " + kind }, text);
}

const shownBadges = new WeakMap();

/** Badges of an element, pairs of text and kind; what is there already stays. */
export function showBadges(element, pairs) {
  const key = JSON.stringify(pairs);
  if (shownBadges.get(element) === key) return;
  shownBadges.set(element, key);
  element.replaceChildren(...pairs.map(([text, kind]) => badge(text, kind)));
}
