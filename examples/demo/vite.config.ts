// Builds the page that `npm start` serves; the libs are taken from source.
import { defineConfig } from 'vite';

export default defineConfig({
  resolve: { conditions: ['@carillon/source', 'browser', 'module', 'import', 'default'] },
  build: { target: 'es2022', assetsInlineLimit: 0, modulePreload: { polyfill: false } },
});
