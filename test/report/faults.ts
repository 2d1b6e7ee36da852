import type { Fault } from '../../src/fault.js';

/** A fault with a place, of which a test changes what it is about. */
export const faultWith = (changes: Partial<Fault>): Fault => ({
  severity: 'error',
  code: 'unknown-key',
  message: 'unknown key `densty`',
  hint: 'did you mean `density`?',
  file: 'recipe.yml',
  line: 7,
  column: 5,
  source: '    densty: 0.5',
  length: 6,
  exitCode: 2,
  ...changes,
});
