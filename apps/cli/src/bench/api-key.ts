/** Where the API key comes from: a file or the environment. Must never be an argument, nor be printed. */
import { readFileSync } from 'node:fs';
import { Fault } from '../fault.js';

const fileMax = 4_096;

/** @throws Fault where there is none, or nothing that could be one */
export function readKey(file: string | undefined, fromEnvironment: string | undefined): string {
  const next = 'carillon bench --key-file data/admin-key';
  if (file === undefined && fromEnvironment === undefined) {
    const sentence = 'An API key is needed: in a file named by --key-file, or in CARILLON_KEY.';
    throw new Fault('usage', sentence, next);
  }
  const key = file === undefined ? fromEnvironment : contentOf(file);
  if (key !== undefined && /^[\x21-\x7e]+$/.test(key)) return key;
  const where = file === undefined ? 'CARILLON_KEY' : file;
  throw new Fault('usage', `${where} holds no API key: it is one word, like ck_….`, next);
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, 'utf8').slice(0, fileMax).trim();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Fault('usage', `${file} cannot be read (${code}).`, `ls -l ${file}`);
  }
}
