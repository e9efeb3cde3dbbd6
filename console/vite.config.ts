import { defineConfig } from 'vite';
import { compressPlugin } from './compress-plugin.ts';
import { wordsPlugin } from './words-plugin.ts';

/** Everything is bundled: the page asks no other host for anything, ever. */
export default defineConfig({
  root: import.meta.dirname,
  base: '/',
  publicDir: 'public',
  plugins: [wordsPlugin(), compressPlugin()],
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    sourcemap: false,
  },
  // In development: `npx vite console`, with a daemon on its usual port.
  server: { proxy: { '/v1': 'http://127.0.0.1:8060' } },
});
