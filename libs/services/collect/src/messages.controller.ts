/**
 * The routes of messages that were taken; `message-posts` takes them. Turns HTTP into calls and answers into
 * HTTP; must never decide anything.
 */
import type { DeliveryAnswer, MessageAnswer, RecallReply } from '@carillon/api';
import { Controller, Delete, Get, Param, UseGuards } from '@nestjs/common';
import { type Credential, CredentialOf, NeedsScope } from './credential.js';
import { CredentialsGuard } from './credentials.guard.js';
import { DeliveryAnswers } from './delivery-answers.js';
import { Ledger } from './ledger.js';
import { Recall } from './recall.js';

@Controller('v1')
@UseGuards(CredentialsGuard)
export class MessagesController {
  constructor(
    private readonly ledger: Ledger,
    private readonly deliveries: DeliveryAnswers,
    private readonly recalls: Recall,
  ) {}

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
