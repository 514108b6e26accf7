/** What an element may hold. A string becomes text, never markup. */
export type Child = Node | string | undefined | readonly Child[];

/** An attribute's value; `true` is one without value, `false` and `undefined` leave it out. */
export type Attributes = Readonly<Record<string, string | boolean | undefined>>;

/** An element with attributes and children. The one place where the page makes any. */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  append(element, children);
  return element;
}

function append(parent: Node, children: readonly Child[]): void {
  for (const child of children) {
    if (child === undefined) continue;
    if (typeof child === "string") parent.appendChild(document.createTextNode(child));
    else if (child instanceof Node) parent.appendChild(child);
    else append(parent, child);
  }
}

/** A button that runs something; while that runs, another press does nothing. */
export function button(label: Child, attributes: Attributes, press: () => unknown): HTMLButtonElement {
  const made = h("button", { type: "button", ...attributes }, label);
  let isBusy = false;
  made.addEventListener("click", () => {
    if (isBusy) return;
    isBusy = true;
    void Promise.resolve(press()).finally(() => {
      isBusy = false;
    });
  });
  return made;
}

/** Text that screen readers read and nobody sees. */
export function unseen(text: string): HTMLElement {
  return h("span", { class: "unseen" }, text);
}

export function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`index.html has no #${id}`);
  return found;
}

/** Moves the reader to an element: focus, and what is above it stays visible. */
export function moveTo(element: HTMLElement): void {
  if (!element.hasAttribute("tabindex")) element.setAttribute("tabindex", "-1");
  element.focus();
}
