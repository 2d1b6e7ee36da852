import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { noTorch, titled } from '../bridge/python.js';
import { runCli } from '../helpers/cli.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { writeTinyLlamas } from '../helpers/tiny-llama.js';

const folder = temporaryFolder();
writeTinyLlamas(folder, { one: {} });
writeFileSync(join(folder, 'recipe.yml'), 'merge_method: passthrough\nmodels: [{ model: one }]\n');

describe.skipIf(noTorch)(titled('a merge whose models cannot be scored', noTorch), () => {
  test('is published, and the run is incomplete', async () => {
    const args = ['merge', 'recipe.yml', 'out', '--json', '--eval', 'arithmetic'];
    const { code, events } = await runCli(args, { cwd: folder });
    expect(code).toBe(3);
    expect(events.at(-1)).toMatchObject({ type: 'run-failed', exitCode: 3 });
    expect(existsSync(join(folder, 'out/model.safetensors'))).toBe(true);
  });
});
