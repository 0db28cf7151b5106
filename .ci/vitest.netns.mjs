import { defineConfig } from 'vitest/config';

/** `npm run test:netns`: what needs root, mounts and iproute2, and is left out of `npm test` for that. */
export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['dist/testnet/netns/*.test.js'],
    setupFiles: ['dist/daemon/polyfill.js'],
    pool: 'forks',
  },
});
