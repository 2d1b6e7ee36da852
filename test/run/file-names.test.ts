import { expect, test } from 'vitest';
import { fileNames } from '../../src/run/file-names.js';

test('names become single, visible parts of a path', () => {
  expect(fileNames(['org/model@main', '..', '.hidden', '', 'a b+c', '質問', 'end.'])).toEqual([
    'org_model_main',
    '_',
    '_hidden',
    '_-2',
    'a_b_c',
    '質問',
    'end_',
  ]);
});

test('no two are the same, whatever the case', () => {
  const names = fileNames(['a/b', 'a:b', 'A_B', 'a_b-2']);
  expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(4);
});

test('none is too long for a file system', () => {
  const [first = '', second = ''] = fileNames(['語'.repeat(500), '語'.repeat(501)]);
  expect(Buffer.byteLength(`${first}.jsonl.partial`)).toBeLessThan(256);
  expect(Buffer.byteLength(`${second}.jsonl.partial`)).toBeLessThan(256);
  expect(first).not.toBe(second);
});
