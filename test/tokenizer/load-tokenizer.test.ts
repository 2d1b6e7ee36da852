import { describe, expect, test } from 'vitest';
import { loadTokenizer } from '../../src/tokenizer/tokenizer-files.js';
import { failureOf } from '../hub/rejection.js';

const load = async (names: readonly string[], content = new Uint8Array([1])) => {
  const read: string[] = [];
  const folder = await loadTokenizer({
    name: 'model',
    path: '/models/model',
    names,
    readBytes: async (name) => {
      read.push(name);
      return content;
    },
  });
  return { folder, read };
};

describe('the files of a tokenizer', () => {
  test('are read where they say more than tokenizer.json, and all of them are known', async () => {
    const names = [
      'config.json',
      'merges.txt',
      'tokenizer.json',
      'tokenizer.model',
      'tokenizer_config.json',
      'vocab.json',
    ];
    const { folder, read } = await load(names);
    expect(read).toEqual(['tokenizer.json', 'tokenizer_config.json']);
    expect(folder?.names).toEqual([
      'tokenizer.json',
      'tokenizer_config.json',
      'tokenizer.model',
      'vocab.json',
      'merges.txt',
    ]);
  });

  test('are read in their older forms without tokenizer.json', async () => {
    expect((await load(['merges.txt', 'vocab.json'])).read).toEqual(['vocab.json']);
  });

  test('are none for a model without any', async () => {
    expect(await load(['config.json', 'model.safetensors'])).toEqual({ folder: null, read: [] });
  });

  test('are refused when they are enormous', async () => {
    const error = await failureOf(() => load(['tokenizer.json'], new Uint8Array(200_000_001)));
    expect(error.message).toMatch(/model\/tokenizer\.json.*200 MB/);
  });
});
