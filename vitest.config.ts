import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.{ts,tsx}'],
    exclude: ['node_modules/**', 'dist/**'],
    pool: 'forks',
    // Several tests start real Python workers, each of which imports torch.
    testTimeout: 120_000,
    hookTimeout: 300_000,
  },
});
