/**
 * The two routes by which messages come in, as handlers of Fastify itself: what Nest puts around a controller
 * is a seventh of a POST (ADR 10). Turns HTTP into calls and answers into HTTP; must never decide anything.
 */
import type { Scope } from '@carillon/domain';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify';
import { Credentials } from './credentials.js';
import { type Deadline, Deadlines } from './deadlines.js';
import { IntakeGate } from './intake-gate.js';
import { type Answered, type Incoming, MessageIntake } from './message-intake.js';
import { TurnedAway } from './turned-away.js';

const scopeNeeded: Scope = 'messages:write';

@Injectable()
export class MessagePosts implements OnModuleInit {
  constructor(
    private readonly host: HttpAdapterHost,
    private readonly credentials: Credentials,
    private readonly intake: MessageIntake,
    private readonly gate: IntakeGate,
    private readonly deadlines: Deadlines,
    private readonly turnedAway: TurnedAway,
  ) {}

  /** What they throw becomes an answer as that of a controller does: in the application's filter. */
  onModuleInit(): void {
    const fastify = this.host.httpAdapter.getInstance<FastifyInstance>();
    const onRequest: onRequestHookHandler = (request, reply, goOn) => this.turnAway(request, reply, goOn);
    fastify.post('/v1/messages', { onRequest }, (request, reply) => this.postMessage(request, reply));
    fastify.post('/v1/messages::batch', { onRequest }, (request, reply) => this.postBatch(request, reply));
  }

  /**
   * Before the key is looked at and the body is read: what comes in three times too fast must not take the
   * time of what was let in.
   */
  private turnAway(request: FastifyRequest, reply: FastifyReply, goOn: () => void): void {
    const problem = this.gate.closed;
    if (problem) this.turnedAway.answer(problem, request, reply);
    else goOn();
  }

  private async postMessage(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { reply: body, isReplay } = await this.deadlines.during((deadline) =>
      this.takeOne(request, deadline),
    );
    void reply.code(202).header('location', body.links.self);
    if (isReplay) void reply.header('idempotency-replayed', 'true');
    return reply.send(body);
  }

  private async postBatch(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const take = async (deadline: Deadline) => this.intake.takeBatch(await this.incoming(request, deadline));
    return reply.send(await this.deadlines.during(take));
  }

  private async takeOne(request: FastifyRequest, deadline: Deadline): Promise<Answered> {
    const incoming = this.incoming(request, deadline);
    return this.intake.takeOne(incoming instanceof Promise ? await incoming : incoming);
  }

  /** At once where the key is remembered. @throws Problem about the key */
  private incoming(request: FastifyRequest, deadline: Deadline): Incoming | Promise<Incoming> {
    const credential = this.credentials.of(request, scopeNeeded);
    const { body, headers } = request;
    const key = headers['idempotency-key'];
    if (credential instanceof Promise)
      return credential.then((found) => ({ credential: found, body, key, deadline }));
    return { credential, body, key, deadline };
  }
}
