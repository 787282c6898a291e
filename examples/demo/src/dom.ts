/** The few things the panes need from the document. Text is always text, never markup. */

/** @throws Error when the page has no such element: page and script do not fit together. */
export function byId<E extends HTMLElement>(id: string): E {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return element as E;
}

export function element(tag: string, className: string, text = ''): HTMLElement {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

export function clockTime(at: number): HTMLElement {
  const made = element('time', 'when', new Date(at).toLocaleTimeString());
  made.setAttribute('datetime', new Date(at).toISOString());
  return made;
}
