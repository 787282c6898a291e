/** The routes of users. Turns HTTP into calls; must never decide anything. */
import { userKey } from '@carillon/domain';
import { Controller, Delete, HttpCode, Param, Post, UseGuards } from '@nestjs/common';
import { type Credential, CredentialOf, NeedsScope } from './credential.js';
import { CredentialsGuard } from './credentials.guard.js';
import { Erasure } from './erasure.js';
import { named } from './input.js';

@Controller('v1')
@UseGuards(CredentialsGuard)
export class UsersController {
  constructor(private readonly erasure: Erasure) {}

  @Delete('users/:user')
  @HttpCode(204)
  @NeedsScope('users:admin')
  erase(@CredentialOf() { tenant }: Credential, @Param('user') user: string): Promise<void> {
    return this.erasure.erase(userKey(tenant, named('user', user)));
  }

  @Post('users/:user::disconnect')
  @HttpCode(202)
  @NeedsScope('users:admin')
  disconnect(@CredentialOf() { tenant }: Credential, @Param('user') user: string): void {
    this.erasure.disconnect(userKey(tenant, named('user', user)));
  }
}
