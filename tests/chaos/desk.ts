// What a row posts and asks for by itself, beside the poster's traffic.
import { TokenShop, type TokenWish } from '../fleet/token-shop.ts';
import type { Stage } from './stage.ts';

export interface Answered {
  readonly status: number;
  readonly body: {
    readonly id?: string;
    readonly results?: readonly { readonly status: string; readonly id?: string }[];
  };
}

export interface Item {
  readonly to: string | readonly string[];
  readonly event: string;
  readonly data: object;
  readonly ttl?: string;
}

const postTimeoutMs = 10_000;
const retryMs = 200;
const attemptsMax = 50;

export class Desk {
  private readonly stage: Stage;
  private readonly shop: TokenShop;

  constructor(stage: Stage) {
    this.stage = stage;
    this.shop = new TokenShop(stage.cluster.authUrl, stage.cluster.adminKey);
  }

  token(user: string, wish?: TokenWish): Promise<string> {
    return this.shop.token(user, wish);
  }

  /** Where sockets of this node are opened, counted from 0. */
  socketUrl(node: number): string {
    return this.stage.cluster.pushNodes[node]?.socketUrl ?? '';
  }

  /** One request to one Collect, counted from 0; status 0 when there was no answer. */
  async post(body: Item | readonly Item[], key: string, collect = 0): Promise<Answered> {
    const { cluster } = this.stage;
    const isBatch = Array.isArray(body);
    try {
      const url = `${cluster.collectUrls[collect]}/v1/messages${isBatch ? ':batch' : ''}`;
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${cluster.adminKey}`,
          'content-type': 'application/json',
          'idempotency-key': key,
        },
        body: JSON.stringify(isBatch ? { messages: body } : body),
        signal: AbortSignal.timeout(postTimeoutMs),
      });
      return { status: response.status, body: (await response.json()) as Answered['body'] };
    } catch {
      return { status: 0, body: {} }; // the key makes a repetition harmless
    }
  }

  /** Until all of it is accepted. @returns the ids in order. @throws Error when it is not in time */
  async postAll(body: readonly Item[], key: string, collect = 0): Promise<readonly string[]> {
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      const { body: answer } = await this.post(body, key, collect);
      const ids = (answer.results ?? []).flatMap(({ status, id }) =>
        status === 'accepted' && id ? [id] : [],
      );
      if (ids.length === body.length) return ids;
      await new Promise((resolve) => setTimeout(resolve, retryMs));
    }
    throw new Error(`not accepted in ${attemptsMax} attempts: ${key}`);
  }
}
