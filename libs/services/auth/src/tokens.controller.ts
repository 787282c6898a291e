/** `POST /v1/tokens`: a business system exchanges its API key for a short-lived token of one of its users. */
import { type TokenReply, tokenReply, tokenRequestSchema } from '@carillon/api';
import { parseInput } from '@carillon/platform';
import { Body, Controller, Header, Post, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Admission } from './admission.js';
import { UserTokens } from './user-tokens.js';

@Controller('v1/tokens')
export class TokensController {
  constructor(
    private readonly admission: Admission,
    private readonly tokens: UserTokens,
  ) {}

  @Post()
  @Header('cache-control', 'no-store')
  async create(@Req() request: FastifyRequest, @Body() body: unknown): Promise<TokenReply> {
    const { tenant } = await this.admission.admit(request, 'tokens:write');
    const { token, expiresAt } = this.tokens.issue(tenant, parseInput(tokenRequestSchema, body));
    return tokenReply(token, expiresAt);
  }
}
