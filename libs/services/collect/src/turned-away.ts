/**
 * Answers those who may not come in. Where there are very many, each waits a second for its answer: who has
 * none cannot ask again, and the time goes to what was let in. Reads nothing of a request.
 */
import { Clock } from '@carillon/domain/ports';
import { type Problem, problemBody, problemHeaders, requestIdOf } from '@carillon/platform';
import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** So many in one second are answered at once. */
const atOnceMax = 500;
const windowMs = 1_000;
const delayMs = 1_000;
/** Beyond it they are answered at once again: each that waits is a request in memory. */
const waitingMax = 10_000;

@Injectable()
export class TurnedAway {
  private windowFrom = Number.NEGATIVE_INFINITY;
  private inWindow = 0;
  private waiting = 0;

  constructor(private readonly clock: Clock) {}

  answer(problem: Problem, request: FastifyRequest, reply: FastifyReply): void {
    if (!this.areMany() || this.waiting >= waitingMax) {
      send(problem, request, reply);
      return;
    }
    this.waiting += 1;
    this.clock.after(delayMs, () => {
      this.waiting -= 1;
      send(problem, request, reply);
    });
  }

  private areMany(): boolean {
    const now = this.clock.monotonic();
    if (now - this.windowFrom >= windowMs) {
      this.windowFrom = now;
      this.inWindow = 0;
    }
    this.inWindow += 1;
    return this.inWindow > atOnceMax;
  }
}

function send(problem: Problem, request: FastifyRequest, reply: FastifyReply): void {
  const body = JSON.stringify(problemBody(problem, requestIdOf(request)));
  void reply.code(problem.status).headers(problemHeaders(problem)).send(body);
}
