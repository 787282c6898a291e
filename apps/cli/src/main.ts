#!/usr/bin/env node
/** The `carillon` command. Must never do more than start the program and hand its exit code on. */
import { processDesk } from './desk.js';
import { runProgram } from './program.js';

process.exitCode = await runProgram(process.argv.slice(2), processDesk());
