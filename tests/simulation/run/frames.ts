/** Frames as the rules read them. */

export interface LogStart {
  readonly from: number;
  readonly head: number;
  readonly resumed: boolean;
}

export interface Frame {
  readonly type: string;
  readonly log?: string;
  readonly seq?: number;
  readonly id?: string;
  readonly from?: number;
  readonly to?: number;
  readonly reason?: string;
  readonly expiresAt?: number;
  readonly epoch?: string;
  readonly topic?: string;
  readonly cursor?: number;
  readonly cursors?: Readonly<Record<string, number>>;
  readonly topics?: readonly string[];
  readonly ids?: readonly string[];
  readonly code?: string;
  readonly ref?: string;
  readonly data?: { readonly n: number };
  readonly logs?: Readonly<Record<string, LogStart>>;
}

/** For the history. */
export function toldOf(frame: Frame): string {
  if (frame.type === 'welcome') return JSON.stringify(frame.logs);
  if (frame.type === 'subscribed') return `${frame.log} from ${frame.from}`;
  if (frame.type === 'error') return `${frame.code}`;
  return `${frame.log ?? ''} ${frame.seq ?? frame.from ?? frame.data?.n ?? ''}`;
}
