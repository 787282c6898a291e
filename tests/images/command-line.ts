// What `npm run images` was asked for. Must refuse what it does not know, in one sentence.

export interface CommandLine {
  /** Start each image alone, on real servers. */
  readonly isEachStarted: boolean;
  /** Run docker-compose.yml's services together. */
  readonly isComposeRun: boolean;
  /** Only remove what earlier runs kept for later ones. */
  readonly isCleaned: boolean;
}

export const usage = 'usage: npm run images [-- --each | --compose | --clean]';

/** Without an argument everything but cleaning. @throws with the usage */
export function readCommandLine(argv: readonly string[]): CommandLine {
  const [choice, ...others] = argv;
  const choices = [undefined, '--each', '--compose', '--clean'];
  if (others.length > 0 || !choices.includes(choice)) {
    const strange = choices.includes(choice) ? others[0] : choice;
    throw new Error(`${strange} is not understood; ${usage}`);
  }
  return {
    isEachStarted: choice === undefined || choice === '--each',
    isComposeRun: choice === undefined || choice === '--compose',
    isCleaned: choice === '--clean',
  };
}
