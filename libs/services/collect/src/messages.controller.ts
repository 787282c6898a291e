/** The routes of messages. Turns HTTP into calls and answers into HTTP; must never decide anything. */
import type { BatchReply, DeliveryAnswer, MessageAnswer, MessageReply, RecallReply } from '@carillon/api';
import {
  Body,
  Controller,
  Delete,
  Get,
  Headers,
  HttpCode,
  Param,
  Post,
  Res,
  UseGuards,
} from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { type Credential, CredentialOf, NeedsScope } from './credential.js';
import { CredentialsGuard } from './credentials.guard.js';
import { DeliveryAnswers } from './delivery-answers.js';
import { Ledger } from './ledger.js';
import { MessageIntake } from './message-intake.js';
import { Recall } from './recall.js';

@Controller('v1')
@UseGuards(CredentialsGuard)
export class MessagesController {
  constructor(
    private readonly intake: MessageIntake,
    private readonly ledger: Ledger,
    private readonly deliveries: DeliveryAnswers,
    private readonly recalls: Recall,
  ) {}

  @Post('messages')
  @HttpCode(202)
  @NeedsScope('messages:write')
  async postMessage(
    @CredentialOf() credential: Credential,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<MessageReply> {
    const key = reply.request.headers['idempotency-key'];
    const accepted = await this.intake.takeOne({ credential, body, key });
    void reply.header('location', accepted.reply.links.self);
    if (accepted.isReplay) void reply.header('idempotency-replayed', 'true');
    return accepted.reply;
  }

  @Post('messages::batch')
  @HttpCode(200)
  @NeedsScope('messages:write')
  postBatch(
    @CredentialOf() credential: Credential,
    @Body() body: unknown,
    @Headers('idempotency-key') key: unknown,
  ): Promise<BatchReply> {
    return this.intake.takeBatch({ credential, body, key });
  }

  @Get('messages/:id')
  @NeedsScope('messages:read')
  getMessage(@CredentialOf() { tenant }: Credential, @Param('id') id: string): Promise<MessageAnswer> {
    return this.ledger.message({ tenant, id });
  }

  @Delete('messages/:id')
  @NeedsScope('messages:write')
  recall(@CredentialOf() { tenant }: Credential, @Param('id') id: string): Promise<RecallReply> {
    return this.recalls.recall({ tenant, id });
  }

  @Get('messages/:id/deliveries/:user')
  @NeedsScope('messages:read')
  getDelivery(
    @CredentialOf() { tenant }: Credential,
    @Param('id') id: string,
    @Param('user') user: string,
  ): Promise<DeliveryAnswer> {
    return this.deliveries.answer({ tenant, id }, user);
  }
}
