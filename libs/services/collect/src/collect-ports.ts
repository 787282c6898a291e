/**
 * What Collect's readiness depends on. A file of its own: Nest's metadata names a class before it would be
 * defined.
 */
import { Bus, StoreFacts } from '@carillon/domain/ports';
import { Injectable } from '@nestjs/common';

@Injectable()
export class CollectPorts {
  constructor(
    readonly facts: StoreFacts,
    readonly bus: Bus,
  ) {}
}
