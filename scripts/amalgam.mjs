#!/usr/bin/env node
import { existsSync } from 'node:fs';

const main = new URL('../dist/program/main.js', import.meta.url);

if (existsSync(main)) {
  // React picks its development build, several times slower, unless told.
  process.env.NODE_ENV ??= 'production';
  await import(main.href);
} else {
  process.stderr.write('amalgam is not built yet: run `npm start` or `npm run build` in its folder first.\n');
  process.exitCode = 1;
}
