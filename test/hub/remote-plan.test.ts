import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { repositoryFinder } from '../../src/cli/find-repository.js';
import { openCheckpoint } from '../../src/hub/checkpoint.js';
import { bytesToFetch } from '../../src/hub/download.js';
import { localFiles } from '../../src/hub/model-files.js';
import { openModel } from '../../src/hub/open-model.js';
import { parseReference } from '../../src/hub/reference.js';
import { planRecipe } from '../../src/run/plan-recipe.js';
import { type TestCheckpoint, writeCheckpoint, writeSafetensors } from '../helpers/checkpoint.js';
import { listing, startHub } from '../helpers/hub-server.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { torchBytes } from './pickle/read-bytes.js';
import { failureOf } from './rejection.js';
import { emptyCache, fetchIn, openIn } from './session.js';

const hub = await startHub();
const tensors = { a: { dtype: 'F32', shape: [2, 3] }, b: { dtype: 'BF16', shape: [4] } } as const;
const files = { 'tokenizer.json': '{"version":"1.0"}', 'modeling_x.py': 'raise SystemExit', 'README.md': '# x' };

const publish = (repository: string, checkpoint: Partial<TestCheckpoint> = {}) => {
  const folder = writeCheckpoint(temporaryFolder(), { tensors, files, ...checkpoint });
  return { folder, commit: hub.publish(repository, folder, { revisions: ['v1', 'refs/pr/1'] }) };
};

const requestsDuring = async (work: () => Promise<unknown>) => {
  const before = hub.seen.length;
  await work();
  return hub.seen.slice(before);
};

afterEach(() => hub.intercept(null));

describe('a repository that is not cached', () => {
  test.each([1, 2])('in %i shards is known as its folder would be, at its future place', async (shards) => {
    const { folder, commit } = publish('org/model', { shards });
    const env = emptyCache(hub);
    const { checkpoint } = await openIn(env, 'org/model');
    const local = await openCheckpoint(localFiles(folder));
    expect(checkpoint.tensors).toEqual(local.tensors);
    expect(checkpoint.config).toEqual(local.config);
    expect(checkpoint.path).toBe(join(env.HF_HOME, 'hub/models--org--model/snapshots', commit));
    expect(checkpoint.files.map(({ path, bytes }) => [path, bytes])).toEqual(
      local.files.map(({ path, bytes }) => [path.replace(folder, checkpoint.path), bytes]),
    );
    expect(existsSync(env.HF_HOME)).toBe(false);
  });

  test('is read by ranges, without its weights, and everything at the one commit', async () => {
    const large = { w: { dtype: 'F32', shape: [1024, 1024] } } as const;
    const { commit } = publish('org/large', { tensors: large });
    const seen = await requestsDuring(() => openIn(emptyCache(hub), 'org/large@v1'));
    const resolves = seen.filter(({ path }) => path.includes('/revision/'));
    expect(resolves.map(({ path }) => path.split('?')[0])).toEqual(['/api/models/org/large/revision/v1']);
    for (const { path } of seen.filter(({ server, path }) => server === 'hub' && !path.includes('/revision/'))) {
      expect(path).toContain(commit);
    }
    expect(seen.filter(({ server }) => server === 'cdn').map(({ range }) => range)).toEqual(['bytes=0-262143']);
  });

  test('with a header beyond the first read costs a second range', async () => {
    const many = Object.fromEntries(
      Array.from({ length: 4000 }, (_, index) => [`layers.${index}.a.long.name.of.a.weight`, tensors.b]),
    );
    publish('org/many', { tensors: many });
    const env = emptyCache(hub);
    const seen = await requestsDuring(() => openIn(env, 'org/many'));
    const ranges = seen.filter(({ server }) => server === 'cdn').map(({ range }) => range);
    expect(ranges).toEqual(['bytes=0-262143', expect.stringMatching(/^bytes=262144-\d+$/)]);
    expect((await openIn(env, 'org/many')).checkpoint.tensors.size).toBe(4000);
  });

  test('says which files it needs and how many bytes that is, code included but never the README or other weights', async () => {
    const { folder } = publish('org/model');
    writeFileSync(join(folder, 'pytorch_model.bin'), 'x'.repeat(1000));
    writeSafetensors(join(folder, 'consolidated.safetensors'), tensors);
    writeFileSync(join(folder, 'trainer_state.json'), '{}');
    hub.publish('org/model', folder);
    const { downloads, checkpoint } = await openIn(emptyCache(hub), 'org/model');
    expect(downloads.map(({ name }) => name).sort()).toEqual([
      'config.json',
      'model.safetensors',
      'modeling_x.py',
      'tokenizer.json',
    ]);
    expect(checkpoint.others).toEqual(['config.json', 'modeling_x.py', 'tokenizer.json']);
    expect(bytesToFetch(downloads)).toBe(downloads.reduce((sum, { bytes }) => sum + bytes, 0));
  });

  test('is planned in a recipe, where its revision is asked once although two models use it', async () => {
    const { commit } = publish('org/one');
    publish('org/two');
    const cwd = temporaryFolder();
    const models = ['org/one', 'org/two', 'org/one@main'].map(
      (name) => `  - model: ${name}\n    parameters: {weight: 1}`,
    );
    writeFileSync(join(cwd, 'r.yml'), `models:\n${models.join('\n')}\nmerge_method: linear\n`);
    const env = emptyCache(hub);
    const seen = await requestsDuring(async () => {
      const { plan, faults, downloads } = await planRecipe('r.yml', {
        cwd,
        findRepository: repositoryFinder(env, { cwd }),
        seed: 0,
      });
      expect(faults.filter(({ severity }) => severity === 'error')).toEqual([]);
      expect(plan?.models[0]?.path).toContain(commit);
      expect(new Set(downloads.map(({ repository }) => repository))).toEqual(new Set(['org/one', 'org/two']));
    });
    expect(seen.filter(({ path }) => path.startsWith('/api/models/org/one/revision'))).toHaveLength(1);
  });

  test('is diagnosed before anything is fetched', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'config.json'), '{}');
    writeFileSync(join(folder, 'pytorch_model.bin'), 'x');
    hub.publish('org/pickled', folder);
    expect((await failureOf(() => openIn(emptyCache(hub), 'org/pickled'))).message).toContain('pytorch_model.bin');

    const lfs = temporaryFolder();
    writeFileSync(join(lfs, 'model.safetensors'), 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n');
    hub.publish('org/pointer', lfs);
    const { message } = await failureOf(() => openIn(emptyCache(hub), 'org/pointer'));
    expect(message).toContain('org/pointer/model.safetensors');
    expect(message).toContain('Git LFS pointer');
  });

  test('may not name a shard outside itself', async () => {
    const { folder } = publish('org/escaping', { shards: 2 });
    const weight_map = { a: '../../../../org/secret/resolve/main/model.safetensors' };
    writeFileSync(join(folder, 'model.safetensors.index.json'), JSON.stringify({ weight_map }));
    hub.publish('org/escaping', folder);
    let code = '';
    const seen = await requestsDuring(async () => {
      code = (await failureOf(() => openIn(emptyCache(hub), 'org/escaping'))).code;
    });
    expect(code).toBe('bad-index');
    expect(seen.filter(({ path }) => path.includes('secret'))).toEqual([]);
  });

  test('that lists names which lead out of its folder is read without them', async () => {
    const { folder } = publish('org/model');
    const hostile = [
      '../up.json',
      '/etc/x.json',
      'sub/x.json',
      '1_Pooling/../../up.json',
      '1_Pooling/config.json',
      '.hidden.json',
      'a\u001b[2J.json',
      'back\\slash.json',
      '..',
    ];
    const entries = hostile.map((path) => ({ type: 'file', path, size: 1, oid: '0'.repeat(40) }));
    hub.intercept(({ path }, response) => {
      if (!path.includes('/tree/')) return false;
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify([...entries, ...listing({ folder })]));
      return true;
    });
    const { downloads, checkpoint } = await openIn(emptyCache(hub), 'org/model');
    expect(checkpoint.others).toEqual(['config.json', 'modeling_x.py', 'tokenizer.json']);
    expect(downloads.map(({ name }) => name).filter((name) => hostile.includes(name))).toEqual([]);
  });

  test('has the files of its own folders, which arrive where Python looks for them', async () => {
    const own = { '1_Pooling/config.json': '{"dim":4}', '2_Dense/model.safetensors': 'weights' };
    publish('org/embedder', { files: { ...own, 'onnx/config.json': '{}', '2_Dense/deep/x.json': '{}' } });
    const env = emptyCache(hub);
    const { checkpoint } = await fetchIn(env, 'org/embedder');
    expect(checkpoint.others).toEqual(['1_Pooling/config.json', '2_Dense/model.safetensors', 'config.json']);
    for (const [name, text] of Object.entries(own)) {
      expect(readFileSync(join(checkpoint.path, name), 'utf8')).toBe(text);
    }
    const seen = await requestsDuring(() => openIn({ ...env, HF_HUB_OFFLINE: '1' }, 'org/embedder'));
    expect(seen).toEqual([]);
  });

  test('in PyTorch files is known as its folder would be, by ranges', async () => {
    const folder = temporaryFolder();
    const names = ['pytorch_model-00001-of-00002.bin', 'pytorch_model-00002-of-00002.bin'] as const;
    writeFileSync(join(folder, names[0]), torchBytes({ a: [60_000], b: [60_000], c: [3] }));
    writeFileSync(join(folder, names[1]), torchBytes({ d: [4] }));
    const weight_map = { a: names[0], b: names[0], c: names[0], d: names[1] };
    writeFileSync(join(folder, 'pytorch_model.bin.index.json'), JSON.stringify({ weight_map }));
    writeFileSync(join(folder, 'config.json'), '{}');
    hub.publish('org/pickled', folder);
    const env = emptyCache(hub);
    let opened: Awaited<ReturnType<typeof openIn>> | undefined;
    const seen = await requestsDuring(async () => {
      opened = await openIn(env, 'org/pickled');
    });
    const local = await openCheckpoint(localFiles(folder));
    expect(opened?.checkpoint.tensors).toEqual(local.tensors);
    expect(opened?.downloads.map(({ name }) => name)).toEqual([
      ...names,
      'pytorch_model.bin.index.json',
      'config.json',
    ]);
    const bytes = seen.flatMap(({ server, range }) => {
      const [, begin, end] = /^bytes=(\d+)-(\d+)$/.exec(range ?? '') ?? [];
      return server === 'cdn' ? [Number(end) + 1 - Number(begin)] : [];
    });
    expect(bytes.every((count) => count <= 64 * 1024)).toBe(true);
    expect(bytes.reduce((sum, count) => sum + count, 0)).toBeLessThan(16 * 1024);
  });

  test('with a config that is not the listed one is refused', async () => {
    publish('org/model');
    hub.intercept(({ path }, response) => {
      if (!path.endsWith('/config.json')) return false;
      response.writeHead(200).end('{"model_type":"another"}');
      return true;
    });
    const { code, message } = await failureOf(() => openIn(emptyCache(hub), 'org/model'));
    expect(code).toBe('download-damaged');
    expect(message).toContain('config.json of org/model');
  });
});

describe('a repository that is cached', () => {
  test('whole is read without a request, also when switched off, until its cache is incomplete', async () => {
    const { commit } = publish('org/model', { shards: 2 });
    const env = emptyCache(hub);
    await fetchIn(env, 'org/model');
    const seen = await requestsDuring(async () => {
      for (const reference of ['org/model', `org/model@${commit}`]) {
        const { downloads, checkpoint } = await openIn(env, reference);
        expect(downloads).toEqual([]);
        expect(checkpoint.tensors.size).toBe(2);
      }
      await openIn({ ...env, HF_HUB_OFFLINE: '1' }, 'org/model');
    });
    expect(seen).toEqual([]);
  });

  test('in part is completed: only what is missing is listed and read', async () => {
    const { folder, commit } = publish('org/partial', { shards: 2 });
    const env = emptyCache(hub);
    const snapshot = join(env.HF_HOME, 'hub/models--org--partial/snapshots', commit);
    const shard = 'model-00001-of-00002.safetensors';
    mkdirSync(snapshot, { recursive: true });
    writeSafetensors(join(snapshot, shard), { a: tensors.a });
    const seen = await requestsDuring(async () => {
      const { downloads, checkpoint } = await openIn(env, 'org/partial');
      expect(downloads.map(({ name }) => name)).not.toContain(shard);
      expect(checkpoint.tensors).toEqual((await openCheckpoint(localFiles(folder))).tensors);
    });
    expect(seen.filter(({ path }) => path.includes(shard))).toEqual([]);
  });
});

describe('an adapter', () => {
  const factors = {
    'base_model.model.a.lora_A.weight': { dtype: 'F32', shape: [1, 3] },
    'base_model.model.a.lora_B.weight': { dtype: 'F32', shape: [2, 1] },
  } as const;
  const adapter = temporaryFolder();
  writeSafetensors(join(adapter, 'adapter_model.safetensors'), factors);
  writeFileSync(join(adapter, 'adapter_config.json'), JSON.stringify({ peft_type: 'LORA', lora_alpha: 2, r: 1 }));
  writeFileSync(join(adapter, 'tokenizer.json'), '{}');

  test('on the Hub is opened over its base, and only its two files are needed', async () => {
    publish('org/model');
    hub.publish('org/adapter', adapter);
    const { adapter: opened, downloads } = await openIn(emptyCache(hub), 'org/model+org/adapter');
    expect([...(opened?.updates.keys() ?? [])]).toEqual(['a.weight']);
    expect(downloads.filter(({ repository }) => repository === 'org/adapter').map(({ name }) => name)).toEqual([
      'adapter_config.json',
      'adapter_model.safetensors',
    ]);
  });

  test('that stands alone is applied to the base that the dialect names', async () => {
    publish('org/model');
    hub.publish('org/adapter', adapter);
    const env = emptyCache(hub);
    const base = parseReference('org/model', [env.HF_HOME]);
    const { reference } = await openModel(parseReference('org/adapter', [env.HF_HOME]), base, repositoryFinder(env));
    expect(reference.model).toEqual(base.model);
    expect(reference.adapter).toMatchObject({ repository: 'org/adapter' });
    expect((await failureOf(() => openIn(env, 'org/adapter'))).message).toContain('`model+adapter`');
  });

  test('is found in the cache afterwards without a request', async () => {
    publish('org/model');
    hub.publish('org/adapter', adapter);
    const env = emptyCache(hub);
    await fetchIn(env, 'org/model+org/adapter');
    const seen = await requestsDuring(() => openIn({ ...env, HF_HUB_OFFLINE: '1' }, 'org/model+org/adapter'));
    expect(seen).toEqual([]);
  });
});
