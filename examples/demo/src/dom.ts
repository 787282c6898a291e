/** The few things the panes need from the document. Text is always text, never markup. */

/** @throws Error when the page has no such element: page and script do not fit together. */
export function byId<E extends HTMLElement>(id: string): E {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found as E;
}

export function element(tag: string, className: string, ...content: readonly (string | Node)[]): HTMLElement {
  const made = document.createElement(tag);
  made.className = className;
  made.append(...content);
  return made;
}

export function clockTime(at: number): HTMLElement {
  const made = element('time', 'when', new Date(at).toLocaleTimeString());
  made.setAttribute('datetime', new Date(at).toISOString());
  return made;
}

/** A list that shows its newest row first. Rows keep their place and the list its scroll position when
 *  one changes. */
export class Rows {
  private readonly rows = new Map<string, HTMLElement>();

  constructor(private readonly list: HTMLElement) {
    // It scrolls, and not every browser lets the keyboard reach what scrolls.
    list.tabIndex = 0;
  }

  put(key: string, row: HTMLElement): void {
    const old = this.rows.get(key);
    if (old) old.replaceWith(row);
    else this.list.prepend(row);
    this.rows.set(key, row);
  }

  /** Takes away the oldest beyond so many. */
  trim(count: number): void {
    for (const [key, row] of this.rows) {
      if (this.rows.size <= count) return;
      row.remove();
      this.rows.delete(key);
    }
  }

  /** Takes away what is no longer among the keys. */
  keep(keys: ReadonlySet<string>): void {
    for (const [key, row] of this.rows) {
      if (keys.has(key)) continue;
      row.remove();
      this.rows.delete(key);
    }
  }
}
