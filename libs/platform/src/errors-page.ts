/** The page to which the `type` of every problem points: all codes with status and meaning. */
import { errorCodes, fieldCodes } from '@carillon/wire';

/** HTML without scripts; every code is an anchor. */
export function errorsPage(): string {
  const codes = Object.entries(errorCodes).map(
    ([code, { status, title, retryable }]) =>
      `<tr id="${code}"><td><code>${code}</code><td>${status}<td>${title}<td>${retryable ? 'yes' : 'no'}`,
  );
  const fields = Object.entries(fieldCodes).map(
    ([code, title]) => `<tr id="${code}"><td><code>${code}</code><td>${title}`,
  );
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Carillon: errors</title>
<style>body{font:16px system-ui;margin:2rem auto;max-width:50rem}td,th{padding:.3rem .8rem;text-align:left}
:target{background:#fe9}</style>
<h1>Errors</h1><p>What <code>code</code> in an answer of type application/problem+json means.</p>
<table><tr><th>code<th>status<th>meaning<th>retryable${codes.join('\n')}</table>
<h2>Codes of single fields</h2><p>In <code>errors[].code</code> of <code>validation_failed</code>.</p>
<table>${fields.join('\n')}</table>
`;
}
