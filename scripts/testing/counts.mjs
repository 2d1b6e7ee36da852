import { readFileSync } from 'node:fs';

export const none = { passed: 0, failed: 0, skipped: 0 };

export const add = (left, right) => ({
  passed: left.passed + right.passed,
  failed: left.failed + right.failed,
  skipped: left.skipped + right.skipped,
});

const read = (file) => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
};

/** A runner that ends badly without naming a failed test (a crash, a file that does not load) is one failure. */
const atLeastOneFailure = (counts, code) => (code !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts);

/** Counts of vitest's JSON report. */
export const vitestCounts = (file, code) => {
  const text = read(file);
  if (text === undefined) return atLeastOneFailure(none, 1);
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(text);
  const counts = { passed: numPassedTests, failed: numFailedTests, skipped: numPendingTests + numTodoTests };
  return atLeastOneFailure(counts, code);
};

/** Counts of pytest's JUnit report. */
export const pytestCounts = (file, code) => {
  const suite = /<testsuite [^>]*>/.exec(read(file) ?? '')?.[0];
  if (suite === undefined) return atLeastOneFailure(none, 1);
  const number = (name) => Number(new RegExp(` ${name}="(\\d+)"`).exec(suite)?.[1] ?? 0);
  const failed = number('failures') + number('errors');
  const skipped = number('skipped');
  return atLeastOneFailure({ passed: number('tests') - failed - skipped, failed, skipped }, code);
};
