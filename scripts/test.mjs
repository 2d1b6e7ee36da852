import { runAll } from './testing/run-all.mjs';
import { groups } from './testing/steps.mjs';

const usage = `usage: npm test -- [--only ${groups.join('|')}]\n`;
const [flag, value, ...rest] = process.argv.slice(2);
const only = flag === '--only' ? value : undefined;

if (flag !== undefined && (rest.length > 0 || !groups.includes(only))) {
  process.stderr.write(usage);
  process.exitCode = 2;
} else {
  const { failed } = await runAll(only);
  process.exitCode = failed === 0 ? 0 : 1;
}
