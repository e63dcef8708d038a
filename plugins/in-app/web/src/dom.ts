/** Makes elements. Text goes in as text, attributes as attributes: nothing here reads HTML or writes a style. */

type Attributes = Record<string, string | boolean | undefined>;
type Child = Node | string | undefined | false;

/** An element with these attributes and children; a true attribute is empty, a false or absent one is left out. */
export function h<K extends keyof HTMLElementTagNameMap>(tag: K, attributes: Attributes = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  set(element, attributes);
  for (const child of children) if (child) element.append(child);
  return element;
}

export function set(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) element.removeAttribute(name);
    else element.setAttribute(name, value === true ? "" : value);
  }
}

/** Changes a text only if it is another one: live regions speak at every change. */
export function say(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

const PATHS = {
  chat: "M12 3.5c-5 0-9 3.4-9 7.6 0 2.3 1.2 4.3 3.1 5.7-.1 1.2-.6 2.4-1.5 3.4 1.9-.1 3.6-.8 4.9-1.8.8.2 1.6.3 2.5.3 5 0 9-3.4 9-7.6s-4-7.6-9-7.6Z",
  down: "m6 9.5 6 6 6-6",
  close: "M6.5 6.5l11 11m0-11-11 11",
  send: "M4.5 12h14m-5.8-6 6 6-6 6",
  clip: "m19 11.5-7.4 7.3a4.6 4.6 0 0 1-6.5-6.5l7.8-7.7a3 3 0 0 1 4.3 4.3l-7.8 7.6a1.4 1.4 0 0 1-2-2l6.8-6.7",
  end: "M13.5 4.5H7a1.5 1.5 0 0 0-1.5 1.5v12A1.5 1.5 0 0 0 7 19.5h6.5M10.5 12H20m-3.2-3.2L20 12l-3.2 3.2",
  file: "M13.5 3.5H7A1.5 1.5 0 0 0 5.5 5v14A1.5 1.5 0 0 0 7 20.5h10a1.5 1.5 0 0 0 1.5-1.5V8.5l-5-5Zm0 0v5h5",
  picture: "M5.5 4.5h13a1 1 0 0 1 1 1v13a1 1 0 0 1-1 1h-13a1 1 0 0 1-1-1v-13a1 1 0 0 1 1-1Zm-1 11.5 4.5-4.5 5 5 2-2 3.5 3.5M15 9.2h.01",
  download: "M12 4.5v10m-4-4 4 4 4-4M5.5 19h13",
  spark: "M12 4.5l1.8 5.2 5.2 1.8-5.2 1.8L12 18.5l-1.8-5.2L5 11.5l5.2-1.8L12 4.5Z",
  wait: "M12 7v5l3 2m6-2a9 9 0 1 1-18 0 9 9 0 0 1 18 0Z",
  tick: "m5 12.5 4.5 4.5L19 7.5",
  ticks: "m1.5 12.8 4.2 4.2L14 7.5m-3 8.3 1.2 1.2 8.3-9.5",
  warn: "M12 8v5m0 3h.01M10.6 4.8 3.4 17.5A1.6 1.6 0 0 0 4.8 20h14.4a1.6 1.6 0 0 0 1.4-2.5L13.4 4.8a1.6 1.6 0 0 0-2.8 0Z",
} as const;

export type IconName = keyof typeof PATHS;

const SVG = "http://www.w3.org/2000/svg";

/** A picture that says nothing to a screen reader: the words stand beside it. */
export function icon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  set(svg, { viewBox: "0 0 24 24", "aria-hidden": "true", class: `icon icon-${name}` });
  const path = document.createElementNS(SVG, "path");
  set(path, { d: PATHS[name] });
  svg.append(path);
  return svg;
}

/** A button that shows an icon and says what it does. */
export function iconButton(name: IconName, part: string, label: string): HTMLButtonElement {
  return h("button", { type: "button", part, class: part, "data-testid": part, "aria-label": label, title: label }, icon(name));
}
