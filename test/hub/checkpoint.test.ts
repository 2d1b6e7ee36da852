import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { exitCodes } from '../../src/errors.js';
import { openCheckpoint } from '../../src/hub/checkpoint.js';
import { localFiles } from '../../src/hub/model-files.js';
import { type TestTensors, writeCheckpoint, writeSafetensors } from '../helpers/checkpoint.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { torchBytes } from './pickle/read-bytes.js';
import { failureOf } from './rejection.js';

const root = temporaryFolder();
let folder = '';
let count = 0;

beforeEach(() => {
  count += 1;
  folder = join(root, String(count));
  mkdirSync(folder);
});

const tensors: TestTensors = {
  a: { dtype: 'F32', shape: [2] },
  b: { dtype: 'BF16', shape: [3] },
  c: { dtype: 'F16', shape: [4] },
};
const first = 'model-00001-of-00002.safetensors';
const second = 'model-00002-of-00002.safetensors';
const index = 'model.safetensors.index.json';

const open = () => openCheckpoint(localFiles(folder));
const failure = () => failureOf(open);
const put = (name: string, content: string | Uint8Array = '') => writeFileSync(join(folder, name), content);
const putIndex = (map: unknown) => put(index, JSON.stringify({ weight_map: map }));

describe('a folder opens', () => {
  test('with every tensor of its shards and the file that holds it', async () => {
    writeCheckpoint(folder, { tensors, shards: 2, config: { model_type: 'x' }, files: { 'tokenizer.json': '{}' } });
    const checkpoint = await open();
    expect(checkpoint.files.map(({ path }) => path)).toEqual([join(folder, first), join(folder, second)]);
    expect([...checkpoint.tensors].map(([name, { file }]) => [name, file])).toEqual([
      ['a', 0],
      ['b', 0],
      ['c', 1],
    ]);
    expect(checkpoint.config).toEqual({ model_type: 'x' });
    expect(checkpoint.others).toEqual(['config.json', 'tokenizer.json']);
  });

  test('without a config, and by any name that ends in .safetensors', async () => {
    writeSafetensors(join(folder, 'weights.safetensors'), tensors);
    const { config, tensors: found } = await open();
    expect(config).toBeNull();
    expect(found.size).toBe(3);
  });

  test('by model.safetensors although other weights lie beside it', async () => {
    writeCheckpoint(folder, { tensors });
    writeSafetensors(join(folder, 'consolidated.safetensors'), { other: { dtype: 'F32', shape: [9] } });
    put('pytorch_model.bin');
    const checkpoint = await open();
    expect([...checkpoint.tensors.keys()]).toEqual(['a', 'b', 'c']);
    expect(checkpoint.others).toEqual(['config.json']);
  });

  test('by pytorch_model.bin although optimizer states and other weights lie beside it', async () => {
    put('pytorch_model.bin', torchBytes({ a: [2], b: [1, 3] }));
    put('optimizer.pt');
    put('training_args.bin');
    put('consolidated.safetensors');
    put('other.pth');
    const { tensors: found, files, config, others } = await open();
    expect(files.map(({ path }) => path)).toEqual([join(folder, 'pytorch_model.bin')]);
    expect([...found].map(([name, { shape }]) => [name, shape])).toEqual([
      ['a', [2]],
      ['b', [1, 3]],
    ]);
    expect([config, others]).toEqual([null, []]);
  });

  test('by the index of its .bin files', async () => {
    const names = ['pytorch_model-00001-of-00002.bin', 'pytorch_model-00002-of-00002.bin'] as const;
    put(names[0], torchBytes({ a: [2] }));
    put(names[1], torchBytes({ b: [3] }));
    put('pytorch_model.bin.index.json', JSON.stringify({ weight_map: { a: names[0], b: names[1] } }));
    const { tensors: found } = await open();
    expect([...found].map(([name, { file, bytes }]) => [name, file, bytes])).toEqual([
      ['a', 0, 8],
      ['b', 1, 12],
    ]);
    rmSync(join(folder, names[1]));
    expect((await failure()).message).toContain(`lacks ${names[1]}`);
  });

  test('with the files of folders that belong to the model, and of no other', async () => {
    const own = ['1_Pooling/config.json', '2_Dense/model.safetensors', 'additional_chat_templates/tool_use.jinja'];
    const foreign = [
      'checkpoint-500/config.json',
      'onnx/config.json',
      '.git/config.json',
      '1_Pooling/.hidden.json',
      '1_Pooling/notes.md',
      '2_Dense/deeper/config.json',
      'additional_chat_templates.old/x.jinja',
    ];
    const files = Object.fromEntries([...own, ...foreign].map((name) => [name, '{}']));
    writeCheckpoint(folder, { tensors, config: null, files });
    writeCheckpoint(join(folder, 'elsewhere'), { tensors });
    symlinkSync(join(folder, 'elsewhere'), join(folder, '3_Linked'));
    symlinkSync('nowhere', join(folder, '1_Pooling/dangling.json'));
    const { others, tensors: found } = await open();
    expect(others).toEqual(own);
    expect(found.size).toBe(3);
    expect(await localFiles(folder).readText('1_Pooling/config.json')).toBe('{}');
  });

  test('without links in its folders that leave the root, where one is given', () => {
    writeCheckpoint(join(folder, 'model'), { tensors, files: { '1_Pooling/config.json': '{}' } });
    symlinkSync('/etc/passwd', join(folder, 'model/1_Pooling/stolen.txt'));
    symlinkSync('../config.json', join(folder, 'model/1_Pooling/linked.json'));
    expect(localFiles(join(folder, 'model'), { root: folder }).names).toEqual([
      '1_Pooling/config.json',
      '1_Pooling/linked.json',
      'config.json',
      'model.safetensors',
    ]);
  });

  test.each(['weights.pt', 'step-100.pth', 'ema.bin'])('by the only file, %s', async (name) => {
    put(name, torchBytes({ a: [2] }));
    expect([...(await open()).tensors.keys()]).toEqual(['a']);
  });

  test('by safetensors where both are whole', async () => {
    put('pytorch_model.bin', torchBytes({ other: [2] }));
    writeCheckpoint(folder, { tensors, shards: 2 });
    expect([...(await open()).tensors.keys()]).toEqual(['a', 'b', 'c']);
  });

  test('through links, as the cache of the Hub has them', async () => {
    writeCheckpoint(join(folder, 'blobs'), { tensors });
    mkdirSync(join(folder, 'snapshot'));
    for (const name of ['model.safetensors', 'config.json'])
      symlinkSync(`../blobs/${name}`, join(folder, 'snapshot', name));
    const { tensors: found, files } = await openCheckpoint(localFiles(join(folder, 'snapshot')));
    expect(found.size).toBe(3);
    expect(files[0]?.path).toBe(join(folder, 'snapshot/model.safetensors'));
  });

  test('with tensors and shards named like parts of a prototype', async () => {
    const odd = ['__proto__', 'constructor', 'hasOwnProperty'].map((name) => [name, tensors.a] as const);
    writeCheckpoint(folder, { tensors: Object.fromEntries(odd) as TestTensors, shards: 2 });
    expect([...(await open()).tensors.keys()].sort()).toEqual(['__proto__', 'constructor', 'hasOwnProperty']);
  });

  test('with the copy of a tensor that the index means', async () => {
    writeSafetensors(join(folder, first), { a: { dtype: 'F32', shape: [1] }, b: { dtype: 'F32', shape: [1] } });
    writeSafetensors(join(folder, second), { a: { dtype: 'F32', shape: [2] } });
    putIndex({ a: second, b: first });
    const { tensors: found } = await open();
    expect(found.get('a')).toMatchObject({ file: 1, shape: [2] });
  });
});

describe('a shard may not be', () => {
  test.each([
    '../model.safetensors',
    '/etc/model.safetensors',
    'a/../../model.safetensors',
    'sub/model.safetensors',
    'C:\\model.safetensors',
    '\\\\host\\model.safetensors',
    '%2e%2e/model.safetensors',
    '.hidden.safetensors',
    'model.safetensors\0',
    'model.safetensors:stream',
    'model.bin',
    'adapter_model.safetensors',
    '',
    7,
    null,
    ['model.safetensors'],
  ])('%j', async (shard) => {
    writeCheckpoint(folder, { tensors });
    putIndex({ a: shard });
    const { code, message, exitCode } = await failure();
    expect(code).toBe('bad-index');
    expect(exitCode).toBe(exitCodes.integrity);
    expect(message).toContain('`a`');
    expect(message).not.toMatch(/\p{Cc}/u);
  });

  test.each(['../model.bin', 'model.safetensors', 'training_args.bin', 'model.pkl'])(
    '%j in an index of .bin files',
    async (shard) => {
      put('pytorch_model.bin.index.json', JSON.stringify({ weight_map: { a: shard } }));
      expect((await failure()).code).toBe('bad-index');
    },
  );
});

describe('it is said', () => {
  test('which shards are missing', async () => {
    writeCheckpoint(folder, { tensors, shards: 3 });
    rmSync(join(folder, 'model-00001-of-00003.safetensors'));
    rmSync(join(folder, 'model-00002-of-00003.safetensors'));
    expect((await failure()).message).toBe(
      `${folder} lacks model-00001-of-00003.safetensors and 1 more of its weight files`,
    );
  });

  test('that a link leads nowhere, in a circle or to a pipe, without waiting on it', async () => {
    putIndex({ a: first, b: second, c: 'pipe.safetensors' });
    symlinkSync('nowhere', join(folder, first));
    symlinkSync(second, join(folder, second));
    execFileSync('mkfifo', [join(folder, 'pipe.safetensors')]);
    expect((await failure()).code).toBe('missing-shard');
  });

  test('that a series without an index is not whole', async () => {
    writeSafetensors(join(folder, second), tensors);
    expect((await failure()).message).toContain(`lacks ${first}`);
  });

  test('that a shard lacks what the index puts there', async () => {
    writeSafetensors(join(folder, first), { a: { dtype: 'F32', shape: [1] } });
    putIndex({ a: first, b: first });
    expect((await failure()).message).toBe(`${folder}/${first} lacks \`b\`, which the index puts there`);
  });

  test('that two files hold the same tensor', async () => {
    writeSafetensors(join(folder, 'one.safetensors'), tensors);
    writeSafetensors(join(folder, 'two.safetensors'), tensors);
    expect((await failure()).message).toContain('`a` in more than one');
  });

  test.each([
    ['no object', '[]'],
    ['cut off', '{"weight_map":'],
    ['without a map', '{}'],
    ['a list for a map', '{"weight_map":[]}'],
  ])('that an index is %s', async (_, text) => {
    put(index, text);
    expect((await failure()).exitCode).toBe(exitCodes.integrity);
  });

  test.each([
    ['there is no weight file', ['README.md'], /no \.safetensors, \.bin, \.pt or \.pth file/],
    ['only the state of a training is there', ['training_args.bin', 'optimizer.pt', 'rng_state_0.pth'], /no \.safeten/],
    ['they are GGUF', ['model.Q4_K_M.gguf'], /GGUF/],
    ['it is an adapter', ['adapter_config.json', 'adapter_model.safetensors'], /`model\+adapter`/],
  ])('that %s', async (_, names, reason) => {
    for (const name of names) put(name);
    const { code, message, exitCode } = await failure();
    expect([code, exitCode]).toEqual(['no-weights', exitCodes.notFound]);
    expect(message).toMatch(reason);
    expect(message.split('\n')).toHaveLength(1);
  });

  test.each([
    ['a Git LFS pointer', 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n', /Git LFS pointer/],
    ['a web page', '<html><body>Sign in</body></html>', /web page/],
  ])('that a weight file or a config is %s', async (_, content, reason) => {
    put('model.safetensors', content);
    expect((await failure()).message).toMatch(reason);
    writeCheckpoint(folder, { tensors });
    put('config.json', content);
    expect((await failure()).message).toMatch(reason);
  });
});
