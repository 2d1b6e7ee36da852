import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { identityOf, locate, nameOf, parseReference } from '../../src/hub/reference.js';
import { temporaryFolder } from '../helpers/temporary.js';

const cwd = temporaryFolder();
const recipes = temporaryFolder();
for (const folder of ['plain', 'org/model', 'with@sign', 'with+plus'])
  mkdirSync(join(cwd, folder), { recursive: true });
mkdirSync(join(recipes, 'beside'));
writeFileSync(join(cwd, 'file'), '');
symlinkSync(join(cwd, 'plain'), join(cwd, 'linked'));
symlinkSync('circle', join(cwd, 'circle'));
const folders = [cwd, recipes];

const hub = (repository: string, revision = 'main') => ({ kind: 'hub', repository, revision });
const folder = (name: string, root = cwd) => ({ kind: 'folder', path: join(root, name) });

describe('locate', () => {
  test.each([
    ['plain', folder('plain')],
    ['./plain', folder('plain')],
    ['linked', folder('linked')],
    ['beside', folder('beside', recipes)],
    ['org/model', folder('org/model')],
    ['with@sign', folder('with@sign')],
    ['plain@main', folder('plain')],
  ])('finds the folder of %s before anything else', (text, expected) => {
    expect(locate(text, folders)).toEqual(expected);
  });

  test.each([
    ['mistralai/Mistral-7B-v0.1', hub('mistralai/Mistral-7B-v0.1')],
    ['org/other@v1.0', hub('org/other', 'v1.0')],
    ['org/other@refs/pr/1', hub('org/other', 'refs/pr/1')],
    ['hf://org/other', hub('org/other')],
    ['hf://models/org/other@dev', hub('org/other', 'dev')],
    ['https://huggingface.co/org/other', hub('org/other')],
    ['https://huggingface.co/org/other/tree/dev', hub('org/other', 'dev')],
  ])('reads %s as a repository', (text, expected) => {
    expect(locate(text, folders)).toEqual(expected);
  });

  test('takes a revision given beside the name, and the written one before it', () => {
    expect(locate('org/other', folders, 'dev')).toEqual(hub('org/other', 'dev'));
    expect(locate('org/other@v1', folders, 'dev')).toEqual(hub('org/other', 'v1'));
  });

  test.each([
    'nowhere',
    'file',
    'circle',
    '../org/..',
    'org/..',
    '../name',
    'org/a..b',
    'org/a--b',
    'org/.hidden',
    'org/name.',
    '~/nowhere',
    'a/b/c',
    'org/na me',
    'org/na%2e%2e',
    'org/name@',
    'org/name@../../../etc',
    'org/name@a/../b',
    'org/name@/etc',
    'org/name@a\nb',
    `org/${'x'.repeat(97)}`,
    '--help',
    '',
  ])('says that %j is missing', (text) => {
    expect(locate(text, [join(cwd, 'no/folder/here')]).kind).toBe('missing');
  });
});

describe('parseReference', () => {
  test('separates the adapter, each with its revision', () => {
    expect(parseReference('org/a@v1+org/b@v2', folders)).toEqual({
      text: 'org/a@v1+org/b@v2',
      model: hub('org/a', 'v1'),
      adapter: hub('org/b', 'v2'),
    });
    expect(parseReference('plain+org/b', folders)).toMatchObject({ model: folder('plain'), adapter: hub('org/b') });
  });

  test('lets a folder with a plus in its name win', () => {
    expect(parseReference('with+plus', folders)).toMatchObject({ model: folder('with+plus'), adapter: null });
  });

  test('knows one model by its identity, however written', () => {
    const identity = (text: string) => identityOf(parseReference(text, folders));
    expect(identity('plain')).toBe(identity('./plain/'));
    expect(identity('org/other')).toBe(identity('hf://org/other@main'));
    expect(identity('org/other@dev')).not.toBe(identity('org/other'));
    expect(identity('org/other+plain')).not.toBe(identity('org/other'));
  });
});

test('the short name of a repository is its last part, of a folder its own', () => {
  expect(nameOf(locate('org/other', folders))).toBe('other');
  expect(nameOf(locate('org/model', folders))).toBe('model');
});
