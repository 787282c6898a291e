// Lets a child process of a spec run from source (`--import` it and give `--conditions=@carillon/source`):
// sources import with the suffix that they have once built. Must never be loaded by what ships.
import { registerHooks } from 'node:module';

registerHooks({
  resolve(specifier, context, nextResolve) {
    const isSource = specifier.startsWith('.') && context.parentURL?.endsWith('.ts');
    return nextResolve(isSource ? specifier.replace(/\.js$/, '.ts') : specifier, context);
  },
});
