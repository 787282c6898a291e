/** The routes of topics. Turns HTTP into calls; must never decide anything. */
import { type MembersReply, membersRequestSchema, pageQuerySchema, type TopicsReply } from '@carillon/api';
import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query, UseGuards } from '@nestjs/common';
import { type Credential, CredentialOf, NeedsScope } from './credential.js';
import { CredentialsGuard } from './credentials.guard.js';
import { named, readAs } from './input.js';
import { Topics } from './topics.js';

@Controller('v1')
@UseGuards(CredentialsGuard)
export class TopicsController {
  constructor(private readonly topics: Topics) {}

  @Get('topics')
  @NeedsScope('topics:write')
  list(@CredentialOf() { tenant }: Credential, @Query() query: unknown): Promise<TopicsReply> {
    return this.topics.list(tenant, readAs(pageQuerySchema, query));
  }

  @Get('topics/:topic/members')
  @NeedsScope('topics:write')
  members(
    @CredentialOf() { tenant }: Credential,
    @Param('topic') topic: string,
    @Query() query: unknown,
  ): Promise<MembersReply> {
    return this.topics.membersOf(tenant, named('topic', topic), readAs(pageQuerySchema, query));
  }

  @Post('topics/:topic/members::batch')
  @HttpCode(204)
  @NeedsScope('topics:write')
  change(
    @CredentialOf() { tenant }: Credential,
    @Param('topic') topic: string,
    @Body() body: unknown,
  ): Promise<void> {
    return this.topics.change(tenant, named('topic', topic), readAs(membersRequestSchema, body));
  }

  @Put('topics/:topic/members/:user')
  @HttpCode(204)
  @NeedsScope('topics:write')
  join(
    @CredentialOf() { tenant }: Credential,
    @Param('topic') topic: string,
    @Param('user') user: string,
  ): Promise<void> {
    return this.topics.change(tenant, named('topic', topic), { add: [named('user', user)] });
  }

  @Delete('topics/:topic/members/:user')
  @HttpCode(204)
  @NeedsScope('topics:write')
  leave(
    @CredentialOf() { tenant }: Credential,
    @Param('topic') topic: string,
    @Param('user') user: string,
  ): Promise<void> {
    return this.topics.change(tenant, named('topic', topic), { remove: [named('user', user)] });
  }
}
