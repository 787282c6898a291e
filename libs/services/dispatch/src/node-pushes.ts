/**
 * Hands doorbells to one node and learns from its answer. Batches to one node are sent in order and may be
 * open at the same time even if they share a log: Collect never has two batches of one log out, the bus keeps
 * the order of one sender, and a node restores what is left
 * from the store, so waiting here would only add latency.
 */
import {
  type DoorbellSlice,
  fromJsonBytes,
  joinDoorbells,
  logUser,
  type PushAnswer,
  subjects,
  type UserKey,
} from '@carillon/domain';
import { Bus, Clock, NoResponder, PortError, type Route, TimedOut } from '@carillon/domain/ports';
import { Injectable } from '@nestjs/common';
import { DispatchMetrics, type DoorbellOutcome } from './dispatch-metrics.js';
import { DispatchOptions } from './dispatch-options.js';
import { NodeBook } from './node-book.js';
import { NodeLines } from './node-lines.js';
import type { Round } from './round.js';

/** Doorbells of a round that go to one node. */
export interface NodeShare {
  readonly route: Route;
  /** Their places in the round, ascending. */
  readonly places: readonly number[];
}

@Injectable()
export class NodePushes {
  constructor(
    private readonly bus: Bus,
    private readonly book: NodeBook,
    private readonly lines: NodeLines,
    private readonly clock: Clock,
    private readonly metrics: DispatchMetrics,
    private readonly options: DispatchOptions,
  ) {}

  /**
   * Resolves with the users that are not on this node any more. Never rejects for a node or bus that is away.
   */
  async push(round: Round, { route, places }: NodeShare): Promise<readonly UserKey[]> {
    const chunks = this.chunksOf(round, places);
    const gone = await Promise.all(chunks.map((chunk) => this.pushChunk(round, { route, places: chunk })));
    return gone.flat();
  }

  private async pushChunk(round: Round, share: NodeShare): Promise<readonly UserKey[]> {
    const { incarnation } = share.route;
    if (!this.mayAsk(round, share)) return [];
    if (!this.lines.enter(incarnation) && !(await this.waitForPlace(round, share))) return [];
    try {
      // While it waited the node may have fallen silent.
      return this.mayAsk(round, share) ? await this.ask(round, share) : [];
    } finally {
      this.lines.leave(incarnation);
    }
  }

  /** What still waits when the answer is due counts as refused: the node had more than it could take. */
  private async waitForPlace(round: Round, { route, places }: NodeShare): Promise<boolean> {
    round.refuse(places);
    const place = this.lines.wait(route.incarnation);
    if (place) await place;
    if (place && !round.isOver) {
      round.accept(places);
      return true;
    }
    if (place) this.lines.leave(route.incarnation);
    this.metrics.doorbell('busy', places.length);
    return false;
  }

  private mayAsk(round: Round, { route, places }: NodeShare): boolean {
    const verdict = this.book.verdict(route);
    if (verdict === 'ask') return true;
    if (verdict === 'refuses') round.refuse(places);
    this.metrics.doorbell('skipped', places.length);
    return false;
  }

  private async ask(round: Round, { route, places }: NodeShare): Promise<readonly UserKey[]> {
    const data = joinDoorbells(places.map((place) => round.slices[place] as DoorbellSlice));
    const began = this.clock.monotonic();
    try {
      const reply = await this.bus.request(
        subjects.push(route.incarnation),
        data,
        this.options.pushTimeoutMs,
      );
      this.metrics.stage('push_request', this.clock.monotonic() - began);
      this.book.answered(route);
      return this.learn(round, places, fromJsonBytes<PushAnswer>(reply));
    } catch (error) {
      if (!(error instanceof PortError)) throw error;
      this.metrics.doorbell(this.unanswered(round, { route, places }, error), places.length);
      return [];
    }
  }

  private learn(round: Round, places: readonly number[], answer: PushAnswer): readonly UserKey[] {
    if (answer.outcome === 'busy') {
      round.refuse(places);
      this.metrics.doorbell('busy', places.length);
      return [];
    }
    const gone = new Set(answer.gone);
    const isGone = (place: number) => gone.has(userAt(round, place) as UserKey);
    const goneCount = gone.size === 0 ? 0 : places.filter(isGone).length;
    this.metrics.doorbell('gone', goneCount);
    this.metrics.doorbell('taken', places.length - goneCount);
    return answer.gone;
  }

  private unanswered(round: Round, { route, places }: NodeShare, error: PortError): DoorbellOutcome {
    if (error instanceof NoResponder) {
      this.book.unheard(route);
      return 'no_responder';
    }
    if (!(error instanceof TimedOut)) return 'bus_away';
    if (this.book.timedOut(route)) round.refuse(places);
    return 'timed_out';
  }

  /** The places in messages that the bus and a node can take. */
  chunksOf(round: Round, places: readonly number[]): number[][] {
    const { pushBatchEntries, pushBatchBytes } = this.options;
    const chunks: number[][] = [];
    let chunk: number[] = [];
    let bytes = 0;
    for (const place of places) {
      const length = round.slices[place]?.bytes.length ?? 0;
      if (chunk.length > 0 && (chunk.length >= pushBatchEntries || bytes + length > pushBatchBytes)) {
        chunks.push(chunk);
        chunk = [];
        bytes = 0;
      }
      chunk.push(place);
      bytes += length;
    }
    if (chunk.length > 0) chunks.push(chunk);
    return chunks;
  }
}

/** The addressee of a doorbell; undefined for topics and `all`. */
function userAt(round: Round, place: number): UserKey | undefined {
  const slice = round.slices[place];
  return slice && logUser(slice.log);
}
