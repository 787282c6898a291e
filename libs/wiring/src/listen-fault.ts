/** What people are told when a port cannot be had. */
import { StartFault } from '@carillon/platform';

/** The system's code of an error (`EADDRINUSE` …), of its cause otherwise; empty when there is none. */
export function systemCode(error: unknown): string {
  if (!(error instanceof Error)) return '';
  if ('code' in error && typeof error.code === 'string') return error.code;
  return systemCode(error.cause);
}

interface Listener {
  readonly host: string;
  readonly port: number;
  /** Which option moves it. */
  readonly env: string;
}

/** A StartFault for a port that could not be had; other errors come back as they are. */
export function listenFault(error: unknown, { host, port, env }: Listener): unknown {
  const cause = { cause: error };
  switch (systemCode(error)) {
    case 'EADDRINUSE':
      return new StartFault(
        `Port ${port} on ${host} is in use: end what listens there, or set ${env} to a free port.`,
        cause,
      );
    case 'EACCES':
      return new StartFault(
        `Port ${port} on ${host} is not allowed to this user: set ${env} above 1023.`,
        cause,
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new StartFault(
        `${host} is no address of this machine: correct ${env.replace('PORT', 'HOST')}.`,
        cause,
      );
    default:
      return error;
  }
}
