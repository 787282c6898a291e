/** What adapters throw. Services decide by class and never see a driver's own error (it is the `cause`). */

/** Base of all: something outside could not do what was asked. */
export abstract class PortError extends Error {}

/** The system behind the port cannot be asked now. Whether a write happened is unknown. */
export class PortUnavailable extends PortError {
  override readonly name = 'PortUnavailable';
}

/** Nobody listens on this subject. */
export class NoResponder extends PortError {
  override readonly name = 'NoResponder';
}

/** No answer in time; the request may still have been carried out. */
export class TimedOut extends PortError {
  override readonly name = 'TimedOut';
}

/** The incarnation holds no lease, so it cannot hold routes. */
export class LeaseExpired extends PortError {
  override readonly name = 'LeaseExpired';
}
