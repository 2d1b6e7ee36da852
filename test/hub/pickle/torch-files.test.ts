import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { exitCodes } from '../../../src/errors.js';
import { readLocalPickle } from '../../../src/hub/pickle/pickled-header.js';
import { noTorch, testPython, titled } from '../../bridge/python.js';
import { temporaryFolder } from '../../helpers/temporary.js';
import { failureOf } from '../rejection.js';

type Described = { readonly dtype: string; readonly shape: readonly number[]; readonly data: string };

const folder = temporaryFolder();
const script = fileURLToPath(new URL('write_checkpoints.py', import.meta.url));

const torchNames: Readonly<Record<string, string>> = {
  F64: 'float64',
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
  F8_E4M3: 'float8_e4m3fn',
  F8_E5M2: 'float8_e5m2',
  I64: 'int64',
  I32: 'int32',
  I16: 'int16',
  I8: 'int8',
  U8: 'uint8',
  BOOL: 'bool',
};

/** What a file holds by its own bytes at the places that its pickle names. */
const contentsOf = async (name: string): Promise<Record<string, Described>> => {
  const bytes = readFileSync(join(folder, name));
  const { entries, file } = await readLocalPickle(join(folder, name));
  expect(file).toMatchObject({ path: join(folder, name), bytes: bytes.length });
  return Object.fromEntries(
    [...entries].map(([key, { dtype, shape, offset, bytes: size }]) => [
      key,
      { dtype: `torch.${torchNames[dtype]}`, shape, data: bytes.toString('hex', offset, offset + size) },
    ]),
  );
};

describe.skipIf(noTorch)(titled('files that torch.save wrote', noTorch), () => {
  let written: Readonly<Record<string, Record<string, Described>>> = {};

  beforeAll(() => {
    const output = execFileSync(testPython, [script, folder], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    written = JSON.parse(output);
  });

  test.each(['types.bin', 'views.pt', 'ordered.pth', 'module.bin', 'many.bin', 'training.pt', 'empty.bin'])(
    '%s is read without Python, byte for byte',
    async (name) => {
      const contents = await contentsOf(name);
      expect(contents).toEqual(written[name]);
      expect(Object.keys(contents).length > 0).toBe(name !== 'empty.bin');
    },
  );

  test('tied tensors are the same range', async () => {
    const { entries } = await readLocalPickle(join(folder, 'views.pt'));
    expect(entries.get('tied')).toEqual(entries.get('whole'));
  });

  test.each<[string, RegExp]>([
    ['transposed.bin', /`w` is a view whose elements do not lie one after the other/],
    ['strided.bin', /`w` is a view/],
    ['expanded.bin', /`w` is a view/],
    ['complex.bin', /`torch\.ComplexFloatStorage`/],
    ['uint16.bin', /`torch\.uint16`/],
    ['sparse.bin', /`torch\._utils\._rebuild_sparse_tensor`/],
    ['module-object.bin', /`torch\.nn\.modules\.container\.Sequential`/],
    ['own-object.bin', /`__main__\.Own`/],
    ['mixed.bin', /`epoch` is the value 3, not a tensor/],
    ['nested.bin', /`model` is a dictionary, not a tensor/],
    ['tensor.bin', /holds a tensor, not tensors by name/],
    ['list.bin', /holds a list/],
    ['legacy.bin', /PyTorch before 1\.6/],
    ['protocol-4.bin', /protocol 4/],
    ['script.pt', /TorchScript/],
  ])('%s is refused in one sentence with a way out', async (name, reason) => {
    const { code, message, hint, exitCode } = await failureOf(() => readLocalPickle(join(folder, name)));
    expect([code, exitCode]).toEqual(['unsupported-pickle', exitCodes.incompatible]);
    expect(message).toContain(name);
    expect(message).toMatch(reason);
    expect(message.split('\n')).toHaveLength(1);
    expect(hint).toBeTruthy();
  });

  test('numbers that are negated only when read are not taken as they stand', async () => {
    await expect(failureOf(() => readLocalPickle(join(folder, 'negated.bin')))).resolves.toMatchObject({
      message: expect.stringContaining('negated.bin'),
    });
  });

  test('a checkpoint of a training tells where its tensors are', async () => {
    const { hint } = await failureOf(() => readLocalPickle(join(folder, 'nested.bin')));
    expect(hint).toContain('`model` alone');
  });

  test('cut short anywhere, a file is damaged', async () => {
    const whole = readFileSync(join(folder, 'views.pt'));
    for (let part = 0; part < 40; part++) {
      const path = join(folder, 'cut.pt');
      writeFileSync(path, whole.subarray(0, Math.floor((whole.length * part) / 40)));
      expect((await failureOf(() => readLocalPickle(path))).exitCode).toBe(exitCodes.integrity);
    }
  });
});
