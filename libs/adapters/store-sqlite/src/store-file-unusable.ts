/**
 * What an operator is told when the database file cannot be used. Must never be thrown for a passing fault.
 */
import { PortError } from '@carillon/domain/ports';

/**
 * One sentence with what is wrong, one with the remedy; `message` has both. The driver's own error is the
 * `cause`.
 */
export class StoreFileUnusable extends PortError {
  override readonly name = 'StoreFileUnusable';
  readonly sentence: string;
  readonly remedy: string;

  constructor(sentence: string, remedy: string, options?: ErrorOptions) {
    super(`${sentence} ${remedy}`, options);
    this.sentence = sentence;
    this.remedy = remedy;
  }
}
