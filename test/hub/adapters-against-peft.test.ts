import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import type { StoredTensor } from '../../src/hub/checkpoint.js';
import { openCheckpoint } from '../../src/hub/checkpoint.js';
import { localFiles } from '../../src/hub/model-files.js';
import { noTorch, testPython, titled } from '../bridge/python.js';
import { runCli } from '../helpers/cli.js';
import { temporaryFolder } from '../helpers/temporary.js';

const lacksPeft =
  noTorch ??
  (spawnSync(testPython, ['-c', 'import peft, transformers']).status === 0 ? undefined : `${testPython} has no peft`);

const folder = temporaryFolder();
const script = fileURLToPath(new URL('write_adapters.py', import.meta.url));

const kinds = [
  'rslora',
  'patterns',
  'dora',
  'fan-in-fan-out',
  'fan-in-fan-out-dora',
  'embedding',
  'embedding-dora',
  'tied-embedding',
  'saved-modules',
  'pickled',
];

const valuesOf = (bytes: Buffer, { dtype, offset, bytes: size }: StoredTensor): number[] => {
  const width = dtype === 'BF16' ? 2 : 4;
  expect(['BF16', 'F32']).toContain(dtype);
  const word = new DataView(new ArrayBuffer(4));
  return Array.from({ length: size / width }, (_, index) => {
    const at = offset + width * index;
    word.setUint32(0, dtype === 'BF16' ? bytes.readUInt16LE(at) << 16 : bytes.readUInt32LE(at));
    return word.getFloat32(0);
  });
};

const readModel = async (path: string): Promise<Map<string, number[]>> => {
  const { tensors, files } = await openCheckpoint(localFiles(path));
  const contents = files.map((file) => readFileSync(file.path));
  return new Map(
    [...tensors].map(([name, tensor]) => [name, valuesOf(contents[tensor.file] ?? Buffer.alloc(0), tensor)]),
  );
};

/** Distance between neighbouring bfloat16 numbers at a value. */
const bfloat16Step = (value: number): number => 2 ** (Math.floor(Math.log2(Math.max(Math.abs(value), 2 ** -126))) - 7);

describe.skipIf(lacksPeft)(
  titled('an adapter applied while it streams is what peft merges, within one bfloat16 step:', lacksPeft),
  () => {
    beforeAll(() => {
      const output = execFileSync(testPython, [script, folder], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      expect(output.trim().split('\n').at(-1)).toBe(kinds.join(' '));
    });

    test.each(kinds)('%s', async (kind) => {
      const own = join(folder, kind);
      const recipe = join(own, 'recipe.yml');
      writeFileSync(recipe, 'merge_method: passthrough\nmodels: [{model: base+adapter}]\ndtype: bfloat16\n');
      const { code, stderr } = await runCli(['merge', recipe, join(own, 'out'), '--plain'], { cwd: own });
      expect(code, stderr).toBe(0);
      const [base, expected, merged] = await Promise.all(
        ['base', 'merged', 'out'].map((name) => readModel(join(own, name))),
      );
      expect([...(merged?.keys() ?? [])].sort()).toEqual([...(expected?.keys() ?? [])].sort());
      let changed = 0;
      for (const [name, values] of expected ?? []) {
        const found = merged?.get(name) ?? [];
        const before = base?.get(name) ?? [];
        expect(found).toHaveLength(values.length);
        const off = values.flatMap((value, at) =>
          Math.abs(value - (found[at] ?? Number.NaN)) <= bfloat16Step(value) ? [] : [at],
        );
        expect([name, off]).toEqual([name, []]);
        if (values.some((value, at) => Math.abs(value - (before[at] ?? 0)) > 4 * bfloat16Step(value))) changed += 1;
      }
      expect(changed).toBeGreaterThan(1);
    });
  },
);
