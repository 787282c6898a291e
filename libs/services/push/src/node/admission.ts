/**
 * Who may come in at all, before anything is spent on them: a steady rate with a burst, and a maximum, of the
 * node and of each client address.
 */
import { Clock, Random } from '@carillon/domain/ports';
import { Injectable } from '@nestjs/common';
import { PushOptions } from '../push-options.js';

/** Those refused are asked to come back after a second and up to this much more. */
const retrySpreadS = 4;

@Injectable()
export class Admission {
  private left: number;
  private filledAt: number;
  private open = 0;
  /** Open sockets; an address without any is not in it. */
  private readonly byAddress = new Map<string, number>();

  constructor(
    private readonly options: PushOptions,
    private readonly clock: Clock,
    private readonly random: Random,
  ) {
    this.left = options.admissionBurst;
    this.filledAt = clock.monotonic();
  }

  /**
   * Takes one place in the bucket; an address that has its fill takes none from others. @returns undefined
   * when admitted, else the seconds after which to try again.
   */
  refuseForS(address: string): number | undefined {
    if ((this.byAddress.get(address) ?? 0) >= this.options.socketsPerAddressMax) return this.retryAfterS();
    const now = this.clock.monotonic();
    const refill = ((now - this.filledAt) * this.options.admissionPerSecond) / 1000;
    this.left = Math.min(this.options.admissionBurst, this.left + refill);
    this.filledAt = now;
    if (this.left < 1 || this.open >= this.options.connectionsMax) return this.retryAfterS();
    this.left--;
    return undefined;
  }

  opened(address: string): void {
    this.open++;
    this.byAddress.set(address, (this.byAddress.get(address) ?? 0) + 1);
  }

  closed(address: string): void {
    this.open--;
    const left = (this.byAddress.get(address) ?? 0) - 1;
    if (left > 0) this.byAddress.set(address, left);
    else this.byAddress.delete(address);
  }

  private retryAfterS(): number {
    return 1 + Math.floor(this.random.next() * retrySpreadS);
  }
}
