// A Markdown page as the specs see it: code blocks, headings, links. Understands what our own pages use.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { trackedFiles } from '../../tools/tracked-files.ts';
import { root } from '../house/command.ts';

/** A fenced block. `lang` is what stands behind the fence, `line` the fence's own. */
export interface Block {
  readonly lang: string;
  readonly text: string;
  readonly line: number;
}

export interface Link {
  readonly target: string;
  readonly line: number;
}

const fence = /^ *```(\S*)/;

/** Every page that git would track, relative to the checkout. */
export function pages(): string[] {
  return trackedFiles(root).filter((file) => file.endsWith('.md'));
}

export function textOf(page: string): string {
  return readFileSync(join(root, page), 'utf8');
}

export function blocksOf(text: string): Block[] {
  const blocks: Block[] = [];
  let open: { lang: string; line: number; lines: string[] } | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    const lang = fence.exec(line)?.[1];
    if (open && lang === '') {
      blocks.push({ lang: open.lang, line: open.line, text: open.lines.join('\n') });
      open = undefined;
    } else if (open) open.lines.push(line);
    else if (lang !== undefined) open = { lang, line: index + 1, lines: [] };
  }
  if (open) throw new Error(`the block of line ${open.line} is never closed`);
  return blocks;
}

/** The anchors of a page's headings, as the repository's host makes them. */
export function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading = ''] of prose(text).matchAll(/^#{1,6} +(.+)$/gm)) {
    const slug = heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-');
    let anchor = slug;
    for (let nth = 1; anchors.has(anchor); nth += 1) anchor = `${slug}-${nth}`;
    anchors.add(anchor);
  }
  return anchors;
}

/** Links and pictures outside of code. */
export function linksOf(text: string): Link[] {
  return prose(text)
    .split('\n')
    .flatMap((line, index) =>
      [...line.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => ({ target, line: index + 1 })),
    );
}

/** The page with its code blanked out, line by line. */
function prose(text: string): string {
  let isCode = false;
  return text
    .split('\n')
    .map((line) => {
      const isFence = fence.test(line);
      if (isFence) isCode = !isCode;
      return isFence || isCode ? '' : line.replace(/`[^`]*`/g, (code) => (code.includes('](') ? '' : code));
    })
    .join('\n');
}
