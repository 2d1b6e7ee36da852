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

describe.skipIf(noTorch)(titled('a merge to be scored on data that has faults', noTorch), () => {
  test('is not begun', async () => {
    const rows = ['id,input,target,answer_choices,eval_type', "a,1 + 1 =,2,\"['1', '2']\",multiple_choice"];
    writeFileSync(join(folder, 'sums.csv'), `${rows.join('\n')}\n`);
    const task = ['name: sums', 'description: Sums.', 'kind: multiple_choice', 'data: { test: sums.csv }'];
    writeFileSync(join(folder, 'sums.yaml'), `${task.join('\n')}\n`);
    const { code, events } = await runCli(['merge', 'recipe.yml', 'unmade', '--json', '--eval', 'sums.yaml'], {
      cwd: folder,
    });
    expect(code).toBe(1);
    const { message } = events.at(-1) as { message: string };
    expect(message).toContain('sums.csv');
    expect(message).toContain('row 1');
    expect(message).toContain('column target');
    expect(events.map(({ type }) => type)).not.toContain('merge-started');
    expect(existsSync(join(folder, 'unmade'))).toBe(false);
    expect(existsSync(join(folder, 'unmade.partial'))).toBe(false);
  });
});
