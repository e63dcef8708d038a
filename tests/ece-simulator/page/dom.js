// Elements without a framework. What people wrote only ever becomes text nodes: nothing here, and
// nothing that uses it, reads a string as HTML.

/**
 * Makes an element. Attributes: `testid` becomes data-testid, `on…` functions become listeners,
 * `true` an empty attribute, `false` and null nothing. Children: elements, text, or nothing.
 * @param {string} tag
 * @param {Record<string, any>} [attributes]
 * @param {...any} children
 * @returns {any}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (name === "testid") element.dataset.testid = value;
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Sets a text when it differs, so that a screen reader is not told the same again. */
export function text(element, content) {
  if (element.textContent !== content) element.textContent = content;
}

/** Sets a field's value unless somebody is writing in it. */
export function value(field, content) {
  if (document.activeElement !== field && field.value !== String(content)) field.value = content;
}

/** Shows or hides. */
export function show(element, shown) {
  if (element.hidden === shown) element.hidden = !shown;
}

/**
 * Makes the children of `parent` those of `items`, in their order, moving and changing what is there
 * already. An element is made once for each key and changed by its own `update`.
 * @param {HTMLElement} parent
 * @param {any[]} items
 * @param {(item: any) => string} keyOf
 * @param {(item: any) => any} make gives an element with a method `update(item)`
 */
export function keyed(parent, items, keyOf, make) {
  const known = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let place = parent.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    let element = known.get(key);
    known.delete(key);
    if (!element) {
      element = make(item);
      element.dataset.key = key;
    }
    element.update?.(item);
    if (element === place) place = place.nextElementSibling;
    else parent.insertBefore(element, place);
  }
  for (const gone of known.values()) gone.remove();
}

/** A button that is busy while its work is under way, and says what went wrong. */
export function button(label, testid, work, attributes = {}) {
  const element = h("button", { type: "button", testid, ...attributes }, label);
  element.addEventListener("click", async () => {
    if (element.getAttribute("aria-disabled") === "true") return;
    await busy(element, work);
  });
  return element;
}

/** Does the work once, however often it is asked for meanwhile. */
export async function busy(element, work) {
  if (element.dataset.busy) return;
  element.dataset.busy = "yes";
  try {
    await work();
  } catch (error) {
    notify(error.message, "problem");
  } finally {
    delete element.dataset.busy;
  }
}

/** A dialog of one form that closes when its work succeeded. Escape and Cancel close it, too. */
export function dialog(testid, title, label, content, work) {
  const submit = h("button", { class: "primary", testid: `${testid}-submit` }, label);
  const form = h("form", { class: "stack" }, h("h2", { id: `${testid}-title` }, title), content, h("div", { class: "acts" }, submit, button("Cancel", `${testid}-cancel`, () => element.close(), { class: "quiet" })));
  const element = h("dialog", { testid: `${testid}-dialog`, "aria-labelledby": `${testid}-title` }, form);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    busy(form, async () => {
      await work();
      element.close();
    });
  });
  return element;
}

/** Tells something in passing; problems stay until they are dismissed. */
export function notify(message, kind = "news") {
  const notices = document.getElementById("notices");
  const close = h("button", { type: "button", class: "quiet", "aria-label": "Dismiss", onclick: () => notice.remove() }, "×");
  const notice = h("p", { class: `notice ${kind}`, testid: `notice-${kind}` }, h("span", { dir: "auto" }, message), close);
  notices.append(notice);
  while (notices.children.length > 4) notices.firstElementChild.remove();
  if (kind === "news") setTimeout(() => notice.remove(), 6000);
}

/** Tells what a look at the page would show; for screen readers only. */
export function announce(message) {
  document.getElementById("announced").textContent = message;
}

let fields = 0;

/** A field with its label above it, and a line of help below. */
export function labelled(label, field, help) {
  field.id ||= `field-${(fields += 1)}`;
  if (!help) return h("div", { class: "field" }, h("label", { for: field.id }, label), field);
  field.setAttribute("aria-describedby", `${field.id}-help`);
  return h("div", { class: "field" }, h("label", { for: field.id }, label), field, h("small", { id: `${field.id}-help` }, help));
}

/** A checkbox, drawn as a switch. */
export function toggle(label, testid, onchange, help) {
  const box = h("input", { type: "checkbox", role: "switch", testid });
  box.addEventListener("change", () => busy(box, () => onchange(box.checked)));
  const element = h("label", { class: "switch" }, box, h("span", {}, label, help && h("small", {}, help)));
  element.box = box;
  return element;
}

/** Bytes for people. */
export function bytes(count) {
  const size = Number(count);
  if (!Number.isFinite(size)) return String(count);
  if (size < 1000) return `${size} B`;
  return size < 1e6 ? `${(size / 1e3).toFixed(1)} kB` : `${(size / 1e6).toFixed(1)} MB`;
}

/** Hours and minutes of a moment in ms since 1970. */
export function clock(at) {
  return new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}
