/** The commands and how each of them ends: with a code of `exitCodes`, and after a fault with a next step. */
import { Command, CommanderError } from 'commander';
import { benchCommand } from './bench/command.js';
import type { Desk } from './desk.js';
import { exitCodes, Fault } from './fault.js';
import { version } from './version.js';

/** Runs one command line and answers its exit code. Throws only what is a fault of the program itself. */
export async function runProgram(args: readonly string[], desk: Desk): Promise<number> {
  let code: number = exitCodes.ok;
  const program = new Command('carillon')
    .description('The command line of Carillon.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show this help')
    .helpCommand(false);
  program.addCommand(
    benchCommand(desk, (ended) => {
      code = ended;
    }),
  );
  for (const each of [program, ...program.commands])
    each.exitOverride().configureOutput({ writeOut: (text) => desk.out(text), writeErr: () => {} });
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    return told(error, desk);
  }
}

function told(error: unknown, desk: Desk): number {
  if (error instanceof Fault) {
    desk.say(`${error.message}\nNext: ${error.next}`);
    return exitCodes[error.kind];
  }
  if (!(error instanceof CommanderError)) throw error;
  if (error.exitCode === 0) return exitCodes.ok;
  const sentence = error.code === 'commander.help' ? 'No command was given.' : withoutPrefix(error.message);
  desk.say(`${sentence}\nNext: carillon ${error.code === 'commander.help' ? '' : 'bench '}--help`);
  return exitCodes.usage;
}

/** The library's own word in front of its sentences. */
function withoutPrefix(message: string): string {
  const text = message.replace(/^error: /, '');
  return text.charAt(0).toUpperCase() + text.slice(1);
}
