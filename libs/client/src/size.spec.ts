/** What the SDK weighs in a page: bundled with wire, minified and compressed. */
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
// biome-ignore lint/correctness/noUndeclaredDependencies: a tool of the workspace's root, for this spec alone
import { rolldown } from 'rolldown';
import { expect, it } from 'vitest';

const coreBytesMax = 3_072;
const withStoreBytesMax = 3_840;
const index = fileURLToPath(new URL('./index.ts', import.meta.url));

it.each([
  ['Carillon', coreBytesMax],
  ['Carillon, localCursors', withStoreBytesMax],
])('{ %s } weighs at most %d bytes', async (names, bytesMax) => {
  const code = await bundle(names);
  // The bundle must be the real thing: it speaks the protocol and carries no decoder.
  expect(code).toContain('carillon.v1');
  expect(code).not.toContain('must be');
  const { length } = gzipSync(code, { level: 9 });
  console.log(`client size: { ${names} } ${length} bytes gzip, ${code.length} minified`);
  expect(length).toBeLessThanOrEqual(bytesMax);
});

async function bundle(names: string): Promise<string> {
  const entry = `export { ${names} } from ${JSON.stringify(index)};`;
  const build = await rolldown({
    input: 'virtual:page',
    resolve: { conditionNames: ['@carillon/source', 'import'] },
    plugins: [
      {
        name: 'virtual-page',
        resolveId: (id: string) => (id === 'virtual:page' ? '\0page.ts' : null),
        load: (id: string) => (id === '\0page.ts' ? entry : null),
      },
    ],
  });
  try {
    const { output } = await build.generate({ format: 'esm', minify: true, comments: false });
    expect(output).toHaveLength(1);
    return output[0].code;
  } finally {
    await build.close();
  }
}
