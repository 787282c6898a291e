/** Why a process cannot start. Must never quote a secret. */

/** The message is one clear sentence with the remedy: it is printed as it is, and the process ends with 1. */
export class StartFault extends Error {
  override readonly name: string = 'StartFault';
}
