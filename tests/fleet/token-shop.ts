// Tokens for the fleet's users: kept until shortly before they expire, few requests at a time.
const inFlightMax = 20;
/** A token is renewed so long before its end, or for the last part of its life, whichever is shorter. */
const freshMs = 60_000;
const freshShare = 1 / 3;

interface Held {
  readonly token: string;
  readonly freshUntil: number;
}

export interface TokenWish {
  /** Patterns that the user's pages may follow. */
  readonly topics?: readonly string[];
  /** Auth's own choice unless given. */
  readonly ttlS?: number | undefined;
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

  /** One user always wishes the same. @throws Error when Auth does not give one. */
  async token(user: string, wish: TokenWish = {}): Promise<string> {
    const held = this.held.get(user);
    if (held && Date.now() < held.freshUntil) return held.token;
    await this.enter();
    try {
      return await this.fetch(user, wish);
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

  private async fetch(user: string, { topics = [], ttlS }: TokenWish): Promise<string> {
    const askedAt = Date.now();
    const more = { ...(topics.length > 0 ? { topics } : {}), ...(ttlS === undefined ? {} : { ttl: ttlS }) };
    const response = await fetch(`${this.authUrl}/v1/tokens`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ user, ...more }),
      signal: AbortSignal.timeout(5_000),
    });
    if (response.status !== 201) throw new Error(`Auth answered ${response.status}`);
    const { token, expiresAt } = (await response.json()) as { token: string; expiresAt: string };
    const endsAt = Date.parse(expiresAt);
    const freshUntil = endsAt - Math.min(freshMs, (endsAt - askedAt) * freshShare);
    this.held.set(user, { token, freshUntil });
    return token;
  }
}
