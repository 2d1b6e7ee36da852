import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { exitCodes } from '../../src/errors.js';
import { findToken, hubAccess, hubEndpoint, isOffline } from '../../src/hub/access.js';
import { hubCache, repositoryFolder } from '../../src/hub/cache.js';
import { cachedFiles, missingNames } from '../../src/hub/snapshot.js';
import { writeCheckpoint, writeSafetensors } from '../helpers/checkpoint.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { failureOf } from './rejection.js';

describe('the cache lies', () => {
  test.each([
    [{ HF_HUB_CACHE: '/a', HUGGINGFACE_HUB_CACHE: '/b', HF_HOME: '/c' }, '/a'],
    [{ HUGGINGFACE_HUB_CACHE: '/b', HF_HOME: '/c' }, '/b'],
    [{ HF_HOME: '/c', XDG_CACHE_HOME: '/d' }, '/c/hub'],
    [{ XDG_CACHE_HOME: '/d', HOME: '/e' }, '/d/huggingface/hub'],
    [{ XDG_CACHE_HOME: 'relative', HOME: '/e' }, '/e/.cache/huggingface/hub'],
    [{ HF_HUB_CACHE: '', HF_HOME: '', HOME: '/e' }, '/e/.cache/huggingface/hub'],
    [{ HF_HOME: '~/f', HOME: '/e' }, '/e/f/hub'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's form is what is tested
    [{ HF_HUB_CACHE: '$DISK/g/${USER}', DISK: '/disk', USER: 'me' }, '/disk/g/me'],
    [{ HF_HUB_CACHE: '/h/$UNSET' }, '/h/$UNSET'],
  ])('for %j at %s', (env, expected) => {
    expect(hubCache(env)).toBe(expected);
  });
});

describe('the token', () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'token'), 'hf_file\n');
  writeFileSync(join(folder, 'other'), 'hf_other');
  const file = { HF_HOME: folder };

  test.each([
    [{ ...file, HF_TOKEN: ' hf_a\n', HUGGING_FACE_HUB_TOKEN: 'hf_b' }, 'hf_a', 'HF_TOKEN'],
    [{ ...file, HUGGING_FACE_HUB_TOKEN: 'hf_b', HF_AUTH_TOKEN: 'hf_c' }, 'hf_b', 'HUGGING_FACE_HUB_TOKEN'],
    [{ ...file, HF_AUTH_TOKEN: 'hf_c' }, 'hf_c', 'HF_AUTH_TOKEN'],
    [{ ...file, HF_TOKEN_PATH: join(folder, 'other') }, 'hf_other', join(folder, 'other')],
    [{ ...file, HF_TOKEN: '  ' }, 'hf_file', join(folder, 'token')],
  ])('of %j is %s', (env, value, source) => {
    expect(findToken(env)).toEqual({ value, source });
  });

  test('is none where nothing is set, or where it is not to be sent unasked', () => {
    expect(findToken({ HF_HOME: join(folder, 'empty') })).toBeUndefined();
    expect(findToken({ ...file, HF_HUB_DISABLE_IMPLICIT_TOKEN: '1' })).toBeUndefined();
  });

  test('is refused without being quoted when it cannot be a header', async () => {
    const { message, exitCode } = await failureOf(() => hubAccess({ HF_TOKEN: 'hf_caf\u00e9' }));
    expect(exitCode).toBe(exitCodes.authentication);
    expect(message).toContain('HF_TOKEN');
    expect(message).not.toContain('hf_caf');
  });
});

test.each([
  [{}, false],
  [{ HF_HUB_OFFLINE: '1' }, true],
  [{ HF_HUB_OFFLINE: 'Yes' }, true],
  [{ TRANSFORMERS_OFFLINE: 'true' }, true],
  [{ HF_HUB_OFFLINE: '2' }, false],
  [{ HF_HUB_OFFLINE: '0', TRANSFORMERS_OFFLINE: '1' }, false],
])('with %j offline is %s', (env, expected) => {
  expect(isOffline(env)).toBe(expected);
});

describe('the endpoint', () => {
  test('is that of HF_ENDPOINT without slashes at its end', () => {
    expect(hubEndpoint({})).toBe('https://huggingface.co');
    expect(hubEndpoint({ HF_ENDPOINT: 'https://mirror.example/hub//' })).toBe('https://mirror.example/hub');
  });

  test.each(['mirror.example', 'ftp://mirror.example', 'https://user:secret@mirror.example', '::'])(
    'is not %s, whose words are not repeated',
    async (endpoint) => {
      const { code, message } = await failureOf(() => hubEndpoint({ HF_ENDPOINT: endpoint }));
      expect(code).toBe('bad-endpoint');
      expect(message).not.toContain('secret');
    },
  );
});

describe('a cached snapshot', () => {
  const commit = 'a'.repeat(40);
  const tensors = { a: { dtype: 'F32', shape: [2] }, b: { dtype: 'F32', shape: [2] } } as const;

  /** A cache as Python leaves it: blobs, relative links and a ref. */
  const cacheWith = (build: (folder: string) => void) => {
    const env = { HF_HUB_CACHE: temporaryFolder() };
    const snapshot = join(repositoryFolder('org/model', env), 'snapshots', commit);
    mkdirSync(snapshot, { recursive: true });
    mkdirSync(join(repositoryFolder('org/model', env), 'refs'));
    writeFileSync(join(repositoryFolder('org/model', env), 'refs/main'), commit);
    build(snapshot);
    return env;
  };
  const lacking = async (env: Record<string, string>, revision = 'main') => {
    const files = cachedFiles('org/model', revision, env);
    return files === undefined ? undefined : await missingNames(files);
  };

  test('is found by branch and by commit, and nothing else', async () => {
    const env = cacheWith((folder) => writeCheckpoint(folder, { tensors }));
    expect(await lacking(env)).toEqual([]);
    expect(await lacking(env, commit)).toEqual([]);
    expect(await lacking(env, 'v1')).toBeUndefined();
    expect(await lacking(env, 'b'.repeat(40))).toBeUndefined();
    expect(cachedFiles('org/other', 'main', env)).toBeUndefined();
  });

  test('with a ref that is no commit is not found', async () => {
    const env = cacheWith((folder) => writeCheckpoint(folder, { tensors }));
    writeFileSync(join(repositoryFolder('org/model', env), 'refs/main'), '../../elsewhere');
    expect(await lacking(env)).toBeUndefined();
  });

  test('is complete through relative links into its blobs', async () => {
    const env = cacheWith((folder) => {
      const blobs = join(folder, '../../blobs');
      writeCheckpoint(blobs, { tensors });
      for (const name of ['model.safetensors', 'config.json']) symlinkSync(`../../blobs/${name}`, join(folder, name));
    });
    expect(await lacking(env)).toEqual([]);
  });

  test.each<[string, (folder: string) => void, string[]]>([
    ['its config', (folder) => writeCheckpoint(folder, { tensors, config: null }), ['config.json']],
    ['its weights', (folder) => writeFileSync(join(folder, 'config.json'), '{}'), ['model.safetensors']],
    [
      'a shard of its index',
      (folder) => {
        const weight_map = { a: 'model-00001-of-00002.safetensors', b: 'model-00002-of-00002.safetensors' };
        writeCheckpoint(folder, { tensors: { a: tensors.a }, config: {} });
        writeFileSync(join(folder, 'model.safetensors.index.json'), JSON.stringify({ weight_map }));
        writeSafetensors(join(folder, 'model-00002-of-00002.safetensors'), { b: tensors.b });
      },
      ['model-00001-of-00002.safetensors'],
    ],
    [
      'the index of its series',
      (folder) => {
        writeFileSync(join(folder, 'config.json'), '{}');
        writeSafetensors(join(folder, 'model-00003-of-00003.safetensors'), { b: tensors.b });
      },
      ['model-00001-of-00003.safetensors', 'model-00002-of-00003.safetensors'],
    ],
    [
      'the weights of an adapter',
      (folder) => writeFileSync(join(folder, 'adapter_config.json'), '{}'),
      ['adapter_model.safetensors'],
    ],
    [
      'what its links do not reach',
      (folder) => {
        writeCheckpoint(folder, { tensors: { a: tensors.a }, config: null });
        symlinkSync('../../blobs/gone', join(folder, 'config.json'));
      },
      ['config.json'],
    ],
    [
      'what its links have outside the cache',
      (folder) => {
        const outside = writeCheckpoint(temporaryFolder(), { tensors });
        writeSafetensors(join(folder, 'model.safetensors'), tensors);
        symlinkSync(join(outside, 'config.json'), join(folder, 'config.json'));
      },
      ['config.json'],
    ],
  ])('lacks %s', async (_, build, expected) => {
    expect(await lacking(cacheWith(build))).toEqual(expected);
  });
});
