/**
 * JSON in sessionStorage: of this tab, and still there after a reload.
 * A browser that refuses it only forgets.
 */

/** The fallback where nothing was saved or it cannot be read. */
export function load<T>(key: string, fallback: T): T {
  try {
    return (JSON.parse(sessionStorage.getItem(key) ?? 'null') as T | null) ?? fallback;
  } catch {
    // Blocked, or not ours: the page works without it.
    return fallback;
  }
}

export function save(key: string, value: unknown): void {
  try {
    sessionStorage.setItem(key, JSON.stringify(value));
  } catch {
    // Blocked or full: what is on the page is still right.
  }
}
