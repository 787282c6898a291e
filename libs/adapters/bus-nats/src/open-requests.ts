/**
 * Requests that wait for an answer, told apart by a subject of their own under one inbox.
 * Each must end exactly once.
 */
import { NoResponder, PortUnavailable, type Random, randomName, TimedOut } from '@carillon/domain/ports';
import type { Msg } from 'nats';

interface OpenRequest {
  readonly resolve: (data: Uint8Array) => void;
  readonly reject: (reason: Error) => void;
  readonly timer: NodeJS.Timeout;
}

/** More are refused at once. */
const openRequestsMax = 10_000;
const inboxNameLength = 20;
/** What the server answers in place of a responder (a message without content). */
const noRespondersStatus = 503;

export class OpenRequests {
  /** The answers' subjects begin with it; subscribe to `<inbox>*`. */
  readonly inbox: string;
  readonly #open = new Map<string, OpenRequest>();
  #count = 0;

  constructor(prefix: string, random: Random) {
    this.inbox = `${prefix}.${randomName(random, inboxNameLength)}.`;
  }

  /** `send` gets the subject for the answer. @throws TimedOut, NoResponder, and what `send` throws */
  ask(timeoutMs: number, send: (replySubject: string) => void): Promise<Uint8Array> {
    if (this.#open.size >= openRequestsMax) {
      return Promise.reject(new PortUnavailable(`${openRequestsMax} requests are open already`));
    }
    this.#count += 1;
    const subject = `${this.inbox}${this.#count.toString(36)}`;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#take(subject)?.reject(new TimedOut(`no answer in ${timeoutMs} ms`));
      }, timeoutMs);
      this.#open.set(subject, { resolve, reject, timer });
      try {
        send(subject);
      } catch (error) {
        this.#take(subject);
        throw error;
      }
    });
  }

  /** Later answers to one request, and those that come too late, do nothing. */
  settle(answer: Msg): void {
    const request = this.#take(answer.subject);
    if (!request) return;
    if (answer.headers?.code === noRespondersStatus && answer.data.length === 0) {
      request.reject(new NoResponder('nobody listens'));
    } else {
      request.resolve(answer.data);
    }
  }

  failAll(reason: () => Error): void {
    for (const subject of [...this.#open.keys()]) this.#take(subject)?.reject(reason());
  }

  #take(subject: string): OpenRequest | undefined {
    const request = this.#open.get(subject);
    if (request) clearTimeout(request.timer);
    this.#open.delete(subject);
    return request;
  }
}
