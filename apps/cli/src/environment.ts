/** The only reader of environment variables in the command line. Must never print what it reads. */

/** The API key of `CARILLON_KEY`; undefined where it is not set or empty. */
export function keyInEnvironment(): string | undefined {
  return process.env.CARILLON_KEY?.trim() || undefined;
}
