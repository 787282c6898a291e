/**
 * What was promised and what came: finds the messages that are missing, doubled, out of order or with the
 * wrong user. Must never accuse the server of an order that nobody asked for.
 */

/** One message on its way. */
export interface Posting {
  readonly n: number;
  readonly user: number;
  /** The request it was part of: its messages keep their order. */
  readonly request: number;
}

/** Where a message came in. */
export interface Arrival {
  readonly n: number;
  readonly user: number;
  readonly seq: number;
  readonly atMs: number;
}

interface Flight extends Posting {
  /** Of the first attempt: from then on it may have been stored. */
  readonly firstAtMs: number;
  sentAtMs: number;
  acceptedAtMs?: number;
  id?: string;
  hasArrived: boolean;
  isAbandoned: boolean;
}

/** The newest arrival of a user. */
interface Track {
  seq: number;
  n: number;
  request: number;
  /** The latest first attempt of all that have arrived. */
  startedAtMs: number;
}

/** Messages of `missing` that are named. */
const namedMax = 5;

/** Of one thread: users and numbers of messages are its own. Its size is what is on its way. */
export class Ledger {
  doubled = 0;
  outOfOrder = 0;
  misdirected = 0;
  /** Accepted and not arrived. */
  waiting = 0;
  readonly #flights = new Map<number, Flight>();
  readonly #tracks = new Map<number, Track>();

  /** At every attempt. */
  sent(posting: Posting, atMs: number): void {
    const known = this.#flights.get(posting.n);
    if (known) known.sentAtMs = atMs;
    else {
      const flight = { ...posting, firstAtMs: atMs, sentAtMs: atMs, hasArrived: false, isAbandoned: false };
      this.#flights.set(posting.n, flight);
    }
  }

  /** It was answered with 202: from now on it must arrive. */
  accepted(n: number, id: string, atMs: number): void {
    const flight = this.#flights.get(n);
    if (!flight) return;
    flight.acceptedAtMs = atMs;
    flight.id = id;
    if (flight.hasArrived) this.#flights.delete(n);
    else this.waiting += 1;
  }

  /** No further attempt; it may arrive all the same, for an attempt may have been stored. */
  abandoned(n: number): void {
    const flight = this.#flights.get(n);
    if (!flight) return;
    if (flight.hasArrived) this.#flights.delete(n);
    else flight.isAbandoned = true;
  }

  /** How long it took from its POST to here; undefined where it should not have come. */
  arrived(arrival: Arrival): number | undefined {
    const flight = this.#flights.get(arrival.n);
    if (!flight || flight.hasArrived) {
      this.doubled += 1;
      return undefined;
    }
    if (flight.user !== arrival.user) {
      this.misdirected += 1;
      return undefined;
    }
    if (this.#isLate(flight, arrival)) this.outOfOrder += 1;
    this.#follow(flight, arrival);
    flight.hasArrived = true;
    if (flight.acceptedAtMs !== undefined) this.waiting -= 1;
    if (flight.acceptedAtMs !== undefined || flight.isAbandoned) this.#flights.delete(arrival.n);
    return arrival.atMs - flight.sentAtMs;
  }

  /** Ids of some that were accepted and have not come. */
  missing(): { readonly id: string; readonly user: number }[] {
    const waiting = [...this.#flights.values()].filter((flight) => !flight.hasArrived);
    return waiting.flatMap(({ id, user }) => (id === undefined ? [] : [{ id, user }])).slice(0, namedMax);
  }

  /** Something came before it that was posted after its 202, or stood behind it in one request or the log. */
  #isLate(flight: Flight, { seq, n, user }: Arrival): boolean {
    const track = this.#tracks.get(user);
    if (!track) return false;
    const wasBefore = flight.acceptedAtMs !== undefined && flight.acceptedAtMs < track.startedAtMs;
    return wasBefore || seq <= track.seq || (flight.request === track.request && n < track.n);
  }

  #follow({ firstAtMs, request }: Flight, { seq, n, user }: Arrival): void {
    const startedAtMs = Math.max(firstAtMs, this.#tracks.get(user)?.startedAtMs ?? 0);
    this.#tracks.set(user, { seq, n, request, startedAtMs });
  }
}
