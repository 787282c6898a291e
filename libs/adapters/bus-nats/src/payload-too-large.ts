/** A message that the bus does not carry. It is the sender's fault and no retry mends it. */
import { PortError } from '@carillon/domain/ports';

export class PayloadTooLarge extends PortError {
  override readonly name = 'PayloadTooLarge';

  constructor(subject: string, bytes: number, bytesMax: number) {
    super(`a message of ${bytes} bytes on ${subject}: the bus carries at most ${bytesMax}`);
  }
}
