import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { writeCheckpoint } from '../helpers/checkpoint.js';
import { startHub } from '../helpers/hub-server.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { emptyCache, fetchIn, openIn } from './session.js';

const python = process.env.AMALGAM_TEST_PYTHON ?? 'python3';
const found = spawnSync(python, ['-c', 'import huggingface_hub, safetensors']).status === 0;
const title = found ? '' : ` (skipped: ${python} has no huggingface_hub and safetensors)`;

const hub = await startHub();
const source = writeCheckpoint(temporaryFolder(), {
  tensors: { a: { dtype: 'F32', shape: [2], data: [1.5, -2] }, b: { dtype: 'BF16', shape: [3], data: [1, 2, 3] } },
  shards: 2,
  files: { 'tokenizer_config.json': '{}', 'chat_template.jinja': '{{ messages }}' },
});
const commit = hub.publish('org/model', source);

/** Runs code and parses its last line; the server of this process goes on answering meanwhile. */
const runPython = async (env: Readonly<Record<string, string>>, code: string): Promise<unknown> => {
  const { stdout } = await promisify(execFile)(python, ['-c', code], { env: { PATH: process.env.PATH ?? '', ...env } });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
};

const readsOffline = `
import json, os
from huggingface_hub import hf_hub_download, scan_cache_dir, snapshot_download
from safetensors import safe_open
folder = snapshot_download("org/model")
names = sorted(os.listdir(folder))
config = json.load(open(hf_hub_download("org/model", "config.json")))
values = {}
for name in names:
    if name.endswith(".safetensors"):
        with safe_open(os.path.join(folder, name), "np") as weights:
            values.update({key: weights.get_slice(key).get_shape() for key in weights.keys()})
cache = scan_cache_dir()
[repository] = cache.repos
print(json.dumps({
    "commit": os.path.basename(folder), "names": names, "config": config, "shapes": values,
    "warnings": [str(warning) for warning in cache.warnings],
    "refs": sorted(repository.refs), "files": repository.nb_files,
}))
`;

const downloads = `
import json
from huggingface_hub import snapshot_download
print(json.dumps(snapshot_download("org/model", ignore_patterns=["*.md"])))
`;

describe.skipIf(!found)(`Python${title}`, () => {
  test('finds what was fetched, by its branch and offline, and scans the cache without a warning', async () => {
    const env = emptyCache(hub);
    await fetchIn(env, 'org/model');
    const seen = hub.seen.length;
    expect(await runPython({ ...env, HF_HUB_OFFLINE: '1' }, readsOffline)).toEqual({
      commit,
      names: [
        'chat_template.jinja',
        'config.json',
        'model-00001-of-00002.safetensors',
        'model-00002-of-00002.safetensors',
        'model.safetensors.index.json',
        'tokenizer_config.json',
      ],
      config: { architectures: ['LlamaForCausalLM'], model_type: 'llama' },
      shapes: { a: [2], b: [3] },
      warnings: [],
      refs: ['main'],
      files: 6,
    });
    expect(hub.seen).toHaveLength(seen);
  });

  test('leaves a cache that is read here without a request', async () => {
    const env = emptyCache(hub);
    expect(await runPython(env, downloads)).toContain(commit);
    const seen = hub.seen.length;
    const { downloads: missing, checkpoint } = await openIn({ ...env, HF_HUB_OFFLINE: '1' }, 'org/model');
    expect(missing).toEqual([]);
    expect([...checkpoint.tensors.keys()]).toEqual(['a', 'b']);
    expect(hub.seen).toHaveLength(seen);
  });
});
