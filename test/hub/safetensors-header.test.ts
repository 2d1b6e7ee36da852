import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { exitCodes } from '../../src/errors.js';
import { readSafetensorsHeader } from '../../src/hub/safetensors-header.js';
import { safetensorsBytes, writeSafetensors } from '../helpers/checkpoint.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { failureOf } from './rejection.js';

const folder = temporaryFolder();
const path = join(folder, 'model.safetensors');

const read = (content: Uint8Array) => {
  writeFileSync(path, content);
  return readSafetensorsHeader(path);
};

/** A file with this very header text and `dataBytes` bytes after it. */
const file = (header: string | Uint8Array, dataBytes = 0): Buffer => {
  const text = Buffer.from(header);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, Buffer.alloc(dataBytes)]);
};

const entry = (begin: number, end: number, shape: unknown = [end - begin], dtype = 'U8') =>
  `{"dtype":"${dtype}","shape":${JSON.stringify(shape)},"data_offsets":[${begin},${end}]}`;

/** Least computing time of `work`, of three: other programs on the machine do not count. */
const computing = async (work: () => unknown): Promise<number> => {
  const times: number[] = [];
  for (let run = 0; run < 3; run++) {
    const started = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(started);
    times.push(user + system);
  }
  return Math.min(...times);
};

/** Decodes and parses the file's header, and checks nothing. */
const parse = (): unknown => {
  const bytes = readFileSync(path);
  return JSON.parse(bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE())).toString('utf8'));
};

/** So many times what parsing alone takes, which is twice what reading took when this was written. */
const patience = 4;

const refusal = async (content: Uint8Array): Promise<string> => {
  const { code, exitCode, message } = await failureOf(() => read(content));
  expect(code).toBe('bad-safetensors');
  expect(exitCode).toBe(exitCodes.integrity);
  expect(message).toContain(path);
  expect(message).not.toMatch(/[\p{Cc}]/u);
  return message;
};

describe('a good header', () => {
  test('gives types, shapes and offsets from the start of the file, in the order of the offsets', () => {
    const { entries, file: input } = read(
      safetensorsBytes({ b: { dtype: 'F32', shape: [2, 3] }, a: { dtype: 'BF16', shape: [] } }),
    );
    const start = input.bytes - 26;
    expect([...entries]).toEqual([
      ['b', { dtype: 'F32', shape: [2, 3], offset: start, bytes: 24 }],
      ['a', { dtype: 'BF16', shape: [], offset: start + 24, bytes: 2 }],
    ]);
    expect(input.modified).toMatch(/^\d{18,}$/);
  });

  test('may order its names otherwise than its offsets', () => {
    const { entries } = read(file(`{"late":${entry(3, 5)},"early":${entry(0, 3)}}`, 5));
    expect([...entries.keys()]).toEqual(['early', 'late']);
  });

  test('may hold no tensor, empty tensors in one place, and padding', () => {
    expect(read(file('{}')).entries.size).toBe(0);
    expect(read(file('{"__metadata__":{"format":"pt"}}  \n')).entries.size).toBe(0);
    expect(read(file(`{"a":${entry(0, 0, [0, 7])},"b":${entry(0, 0, [0])},"c":${entry(0, 1)}}`, 1)).entries.size).toBe(
      3,
    );
  });

  test.each(['__proto__', 'constructor', 'toString', '', 'a "quoted\\ name', 'über.weight', '😀'])(
    'may name a tensor %j',
    (name) => {
      const { entries } = read(file(`{${JSON.stringify(name)}:${entry(0, 4, [1], 'F32')}}`, 4));
      expect(entries.get(name)).toMatchObject({ dtype: 'F32', shape: [1] });
      expect(({} as Record<string, unknown>).dtype).toBeUndefined();
    },
  );

  test('of 100,000 tensors takes little more than to parse it', async () => {
    const names = Array.from({ length: 100_000 }, (_, index) => `model.layers.${index}.mlp.experts.weight`);
    writeSafetensors(path, Object.fromEntries(names.map((name) => [name, { dtype: 'BF16', shape: [4, 8] }])), {
      sparse: true,
    });
    const parsing = await computing(parse);
    const reading = await computing(() => expect(readSafetensorsHeader(path).entries.size).toBe(100_000));
    expect(reading).toBeLessThan(patience * parsing);
  });
});

describe('a header is refused', () => {
  test.each([
    ['without the eight bytes of its length', Buffer.alloc(7), /only 7 bytes/],
    ['in an empty file', Buffer.alloc(0), /only 0 bytes/],
    ['longer than the file', file('{}').subarray(0, 9), /2 B long/],
    ['longer than the format allows', Buffer.from('ffffffffffffffff', 'hex'), /long/],
    ['of length nought', file(''), /not JSON/],
    ['that is no JSON', file('{"a":'), /not JSON/],
    ['that is a list', file('[]'), /does not begin with an object/],
    ['that begins with a space', file(' {}'), /does not begin with an object/],
    ['with a byte order mark', file('\ufeff{}'), /not JSON|UTF-8/],
    ['with bytes that are not UTF-8', file(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])), /not UTF-8/],
    ['padded with NUL', file('{}\0'), /not JSON/],
    ['with metadata that is no text', file('{"__metadata__":{"a":1}}'), /__metadata__/],
    ['with a list as metadata', file('{"__metadata__":["pt"]}'), /__metadata__/],
    ['with an entry that is null', file('{"a":null}'), /`a` has the unknown type/],
    ['with an unknown type', file(`{"a":${entry(0, 1, [1], 'Q4')}}`, 1), /unknown type "Q4"/],
    ['with a type in small letters', file(`{"a":${entry(0, 1, [1], 'u8')}}`, 1), /unknown type/],
    ['with a type from the prototype', file(`{"a":${entry(0, 1, [1], 'constructor')}}`, 1), /unknown type/],
    ['with a negative size', file(`{"a":${entry(0, 1, [-1])}}`, 1), /plain count/],
    ['with a fraction', file(`{"a":${entry(0, 1, [1.5])}}`, 1), /plain count/],
    ['with 1.0 for 1', file('{"a":{"dtype":"U8","shape":[1.0],"data_offsets":[0,1]}}', 1), /plain count/],
    ['with 1e0 for 1', file('{"a":{"dtype":"U8","shape":[1e0],"data_offsets":[0,1]}}', 1), /plain count/],
    ['with a size beyond exact numbers', file(`{"a":${entry(0, 1, [2 ** 60])}}`, 1), /no valid shape/],
    [
      'whose size overflows though it ends in nought',
      file(`{"a":${entry(0, 0, [2 ** 40, 2 ** 40, 0])}}`),
      /shape needs/,
    ],
    ['with a text as size', file(`{"a":${entry(0, 1, ['1'])}}`, 1), /no valid shape/],
    ['of rank 17', file(`{"a":${entry(0, 1, Array(17).fill(1))}}`, 1), /no valid shape/],
    ['with three offsets', file('{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1,1]}}', 1), /no valid offsets/],
    ['with offsets the wrong way round', file('{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,0]}}', 1), /offsets/],
    ['without offsets', file('{"a":{"dtype":"U8","shape":[1]}}', 1), /no valid offsets/],
    ['whose sizes do not agree', file(`{"a":${entry(0, 3, [2])}}`, 3), /3 bytes where its shape needs 2/],
    ['that goes beyond the file', file(`{"a":${entry(0, 9)}}`, 8), /cut short/],
    ['with an overlap', file(`{"a":${entry(0, 4)},"b":${entry(2, 6)}}`, 6), /`b` overlaps/],
    ['with a hole', file(`{"a":${entry(0, 2)},"b":${entry(3, 5)}}`, 5), /`b` overlaps another or leaves a hole/],
    ['with bytes at the end', file(`{"a":${entry(0, 2)}}`, 5), /3 bytes at its end/],
    ['with a name twice', file(`{"a":${entry(0, 4)},"a":${entry(0, 4, [1], 'F32')}}`, 4), /names `a` twice/],
    ['with a name twice in two spellings', file(`{"a":${entry(0, 1)},"\\u0061":${entry(0, 1)}}`, 1), /names `a` twice/],
    [
      'with a field twice',
      file('{"a":{"dtype":"U8","dtype":"I8","shape":[1],"data_offsets":[0,1]}}', 1),
      /`dtype` twice/,
    ],
    ['with a metadata key twice', file('{"__metadata__":{"x":"1","x":"2"}}'), /`x` twice/],
    ['with __proto__ twice', file(`{"__proto__":${entry(0, 1)},"__proto__":${entry(0, 1)}}`, 1), /`__proto__` twice/],
    ['with an escape character in a name', file(`{"a\\u001b[2J":${entry(0, 1)}}`, 1), /control character/],
    ['with half a surrogate pair in a name', file(`{"a\\ud800":${entry(0, 1)}}`, 1), /control character/],
    ['that is nested deeply', file(`{"a":${'['.repeat(50)}${']'.repeat(50)}}`), /nested too deeply/],
  ])('%s', async (_, content, reason) => {
    expect(await refusal(content)).toMatch(reason);
  });

  test.each([
    ['a Git LFS pointer', 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n', /Git LFS pointer/],
    ['a web page', '<!DOCTYPE html><html><body>404</body></html>', /web page/],
    ['a GGUF file', `GGUF\u0003\0\0\0${'\0'.repeat(40)}`, /GGUF/],
    ['a zip archive', `PK\u0003\u0004${'\u0001'.repeat(40)}`, /zip archive/],
  ])('in %s, which is named', async (_, content, reason) => {
    expect(await refusal(Buffer.from(content, 'latin1'))).toMatch(reason);
  });

  test.each([
    ['gzip', Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8]), /gzip/],
    ['a pickle', Buffer.from([0x80, 2, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a]), /pickle/],
  ])('in %s, which is named', async (_, content, reason) => {
    expect(await refusal(content)).toMatch(reason);
  });

  test('of spaces up to the limit takes little more than to parse it', async () => {
    writeFileSync(path, file(Buffer.alloc(99_999_999, ' ')));
    const parsing = await computing(() => expect(parse).toThrow(SyntaxError));
    const refusing = await computing(async () => {
      expect((await failureOf(() => readSafetensorsHeader(path))).code).toBe('bad-safetensors');
    });
    expect(refusing).toBeLessThan(patience * parsing);
  });
});
