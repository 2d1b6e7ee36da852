import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { exitCodes } from '../../../src/errors.js';
import { readLocalPickle } from '../../../src/hub/pickle/pickled-header.js';
import { temporaryFolder } from '../../helpers/temporary.js';
import { failureOf } from '../rejection.js';
import { type ZipOptions, type ZipPart, zipBytes } from './archive.js';
import { dictionary, long, pickle, tensor } from './assemble.js';
import { oneTensor, partsOf, readArchive, readBytes } from './read-bytes.js';

const folder = temporaryFolder();

/** Replaces the entry of this name. */
const changed =
  (name: string, changes: Partial<ZipPart>) =>
  (parts: readonly ZipPart[]): ZipPart[] =>
    parts.map((part) => (part.name === `archive/${name}` ? { ...part, ...changes } : part));

describe('an archive is read', () => {
  test.each<[string, ZipOptions]>([
    ['as torch writes it', {}],
    ['with all sizes in zip64 fields', { zip64: true }],
  ])('%s, each tensor being a range of the file', async (_, options) => {
    const bytes = zipBytes(partsOf(oneTensor), options);
    const entry = (await readBytes(bytes)).get('w');
    expect(entry).toMatchObject({ dtype: 'F32', shape: [2, 2], bytes: 16 });
    const start = entry?.offset ?? 0;
    expect([...new Float32Array(new Uint8Array(bytes.subarray(start, start + 16)).buffer)]).toEqual([1, 2, 3, 4]);
  });

  test('with a storage beyond four gigabytes, reading little of it', async () => {
    const data = pickle(
      dictionary({
        last: tensor({ shape: [2, 2], key: '1' }),
        large: tensor({ shape: [2], offset: long(1_500_000_000n), elements: long(1_500_000_002n, 5) }),
      }),
    );
    const hole = 4 * 1_500_000_002;
    const before: ZipPart[] = [
      { name: 'archive/data.pkl', content: data },
      { name: 'archive/data/0', content: '', claimed: hole },
    ];
    const head = zipBytes(before).indexOf('PK\u0001\u0002');
    const last = { name: 'archive/data/1', content: new Uint8Array(16), position: head + hole };
    const whole = zipBytes([...before, last], { zip64: true, hole });
    const path = join(folder, 'large.bin');
    const file = openSync(path, 'w');
    writeSync(file, whole, 0, head, 0);
    writeSync(file, whole, head, whole.length - head, head + hole);
    ftruncateSync(file, whole.length + hole);
    closeSync(file);
    const { entries } = await readLocalPickle(path);
    expect(entries.get('large')).toMatchObject({ shape: [2], offset: head + 6_000_000_000, bytes: 8 });
    expect(entries.get('last')?.offset).toBeGreaterThan(hole);
  });

  test('without a word on the byte order, as before PyTorch 2.1', async () => {
    expect((await readArchive((parts) => parts.filter(({ name }) => !name.endsWith('byteorder')))).size).toBe(1);
  });
});

describe('an archive is refused', () => {
  test.each<[string, (parts: ZipPart[]) => readonly ZipPart[], ZipOptions, RegExp]>([
    ['a compressed entry', changed('data/0', { method: 8 }), {}, /`archive\/data\/0` in it is compressed/],
    ['a compressed pickle', changed('data.pkl', { method: 8 }), {}, /`archive\/data\.pkl` in it is compressed/],
    ['an entry of two sizes', changed('data/0', { claimed: 4_000_000_000 }), {}, /in it is compressed/],
    ['an encrypted entry', changed('data/0', { flags: 0x0809 }), {}, /is encrypted/],
    ['a masked header', changed('data/0', { flags: 0x2808 }), {}, /is encrypted or of an unknown kind/],
    ['two entries of one name', (parts) => [...parts, ...parts.slice(2, 3)], {}, /holds `archive\/data\/0` twice/],
    ['two pickles', (parts) => [...parts, { name: 'other/data.pkl', content: oneTensor }], {}, /not one `data\.pkl`/],
    ['no pickle', (parts) => parts.slice(1), {}, /not one `data\.pkl`/],
    ['entries that overlap', changed('version', { position: 0 }), {}, /overlaps/],
    ['an entry inside another', changed('data/0', { position: 80 }), {}, /overlaps|not hold/],
    ['another name in the local header', changed('data/0', { localName: 'archive/data/9' }), {}, /does not hold/],
    ['a position after the end', changed('data/0', { position: 9_000_000 }), {}, /overlaps/],
    ['a missing storage', (parts) => parts.filter(({ name }) => name !== 'archive/data/0'), {}, /no storage `0`/],
    ['a storage of another size', changed('data/0', { content: 'short' }), {}, /needs 16 bytes where .* has 5/],
    ['an unknown byte order', changed('byteorder', { content: 'middle' }), {}, /neither little nor big/],
    ['a pickle too large to be one', changed('data.pkl', { content: Buffer.alloc(17e6) }), {}, /17000000 bytes long/],
    ['something after its end', (parts) => parts, { comment: 'more' }, /directory of its zip archive is missing/],
    ['fewer entries than the directory has', (parts) => parts, { entries: 2 }, /something after its entries/],
    ['more entries than the directory has', (parts) => parts, { entries: 9 }, /cut short/],
    ['more entries than can be', (parts) => parts, { entries: 2 ** 40, zip64: true }, /1099511627776 entries/],
  ])('for %s', async (_, change, options, reason) => {
    const { code, message, exitCode } = await failureOf(() => readArchive(change, options));
    expect([code, exitCode]).toEqual(['bad-pickle', exitCodes.integrity]);
    expect(message).toMatch(reason);
    expect(message).toContain('model.bin');
  });

  test('for numbers in another order of bytes', async () => {
    const { code, message } = await failureOf(() => readArchive(changed('byteorder', { content: 'big' })));
    expect([code, message]).toEqual(['unsupported-pickle', expect.stringContaining('big-endian')]);
  });

  test.each<[string, Uint8Array | string, RegExp]>([
    ['nothing', '', /0 bytes and is no zip archive/],
    ['a web page', '<!doctype html>', /web page/],
    ['a Git LFS pointer', 'version https://git-lfs.github.com/spec/v1', /Git LFS pointer/],
    ['zeros', new Uint8Array(1000), /no zip archive/],
    ['the head of an archive', 'PK\u0003\u0004', /cut short/],
  ])('for %s', async (_, bytes, reason) => {
    const { message, exitCode } = await failureOf(() => readBytes(Buffer.from(bytes as string)));
    expect(exitCode).toBe(exitCodes.integrity);
    expect(message).toMatch(reason);
  });

  test.each([
    ['a pickle of its own', Buffer.from('\x80\x02}.', 'latin1')],
    ['a tar archive', Buffer.concat([Buffer.alloc(257), Buffer.from('ustar'), Buffer.alloc(250)])],
  ])('for %s, as PyTorch wrote before 1.6', async (_, bytes) => {
    const { code, hint } = await failureOf(() => readBytes(bytes));
    expect(code).toBe('unsupported-pickle');
    expect(hint).toContain('save it again');
  });

  test('for any one byte of its records that is changed, or it reads the same or another tensor of the file', async () => {
    const whole = zipBytes(partsOf(oneTensor));
    for (let at = 0; at < whole.length; at++) {
      const bytes = Buffer.from(whole);
      bytes[at] = (bytes[at] ?? 0) ^ 0x41;
      const entries = await readBytes(bytes).catch((error: unknown) => {
        expect(error).toMatchObject({ name: 'UserError' });
        return new Map();
      });
      for (const { offset, bytes: size } of entries.values()) expect(offset + size).toBeLessThanOrEqual(whole.length);
    }
  });
});
