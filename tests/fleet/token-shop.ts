// Tokens for the fleet's users: kept until shortly before they expire, few requests at a time.
const inFlightMax = 20;
const freshMs = 60_000;

interface Held {
  readonly token: string;
  readonly expiresAt: number;
}

export class TokenShop {
  private readonly held = new Map<string, Held>();
  private readonly waiting: (() => void)[] = [];
  private inFlight = 0;

  private readonly authUrl: string;
  private readonly key: string;

  constructor(authUrl: string, key: string) {
    this.authUrl = authUrl;
    this.key = key;
  }

  /** @throws Error when Auth does not give one. */
  async token(user: string): Promise<string> {
    const held = this.held.get(user);
    if (held && held.expiresAt - Date.now() > freshMs) return held.token;
    await this.enter();
    try {
      return await this.fetch(user);
    } finally {
      this.inFlight--;
      this.waiting.shift()?.();
    }
  }

  private async enter(): Promise<void> {
    while (this.inFlight >= inFlightMax) {
      await new Promise<void>((resolve) => {
        this.waiting.push(resolve);
      });
    }
    this.inFlight++;
  }

  private async fetch(user: string): Promise<string> {
    const response = await fetch(`${this.authUrl}/v1/tokens`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ user }),
      signal: AbortSignal.timeout(5_000),
    });
    if (response.status !== 201) throw new Error(`Auth answered ${response.status}`);
    const { token, expiresAt } = (await response.json()) as { token: string; expiresAt: string };
    this.held.set(user, { token, expiresAt: Date.parse(expiresAt) });
    return token;
  }
}
