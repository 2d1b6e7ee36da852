import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { workerEnvironment } from '../../src/bridge/worker-environment.js';
import { noTorch, titled } from '../bridge/python.js';
import { root, runCli } from '../helpers/cli.js';
import { startHub } from '../helpers/hub-server.js';
import { temporaryFolder } from '../helpers/temporary.js';

const hub = await startHub();
const token = 'hf_canaryOfTheKit00000000';
for (const name of ['base', 'knowledge', 'summary']) {
  hub.publish(`org/${name}`, join(root, 'zoo/decoder', name), { access: 'gated', members: [token], revisions: ['v1'] });
}

const folder = temporaryFolder();
writeFileSync(
  join(folder, 'ta_mine.yaml'),
  `list_models:
  - ["org/knowledge", "v1"]
  - ["org/summary", null]
base_model_name: "org/base"
base_model_revision_id: "v1"
architecture: "decoder"
parameter_lambdas: [0.6, 0.6]
`,
);

/** The variables of the kit, and nothing of the real environment's Hub. */
const kitVariables = (cache: string): NodeJS.ProcessEnv => ({
  HF_HUB_OFFLINE: '',
  HF_ENDPOINT: hub.endpoint,
  HF_HOME: join(folder, 'home'),
  HF_TOKEN: '',
  HUGGING_FACE_HUB_TOKEN: '',
  HF_HUB_CACHE: '',
  HF_AUTH_TOKEN: token,
  HUGGINGFACE_HUB_CACHE: cache,
});

describe("the kit's environment variables", () => {
  test('give access, with one warning, to a plan', async () => {
    const env = kitVariables(join(folder, 'unused'));
    const { code, stdout, stderr } = await runCli(['plan', 'ta_mine.yaml'], { cwd: folder, env });
    expect([code, stderr.match(/HF_AUTH_TOKEN/g)?.length]).toEqual([0, 1]);
    expect(stderr).toMatch(/^warning: the access token is read from HF_AUTH_TOKEN.*HF_TOKEN is the one/);
    expect(stdout + stderr).not.toContain(token);
    const modern = await runCli(['plan', 'ta_mine.yaml'], { cwd: folder, env: { ...env, HF_TOKEN: token } });
    expect([modern.code, modern.stderr]).toEqual([0, '']);
  });

  test.skipIf(noTorch)(titled('give access to a merge and say where downloads go', noTorch), async () => {
    const cache = join(folder, 'cache');
    const args = ['kit', 'ta_mine', '--no-eval', '--json'];
    const { code, events } = await runCli(args, { cwd: folder, env: kitVariables(cache) });
    expect(code).toBe(0);
    const warnings = events.filter((event) => event.type === 'log' && event.message.includes('HF_AUTH_TOKEN'));
    expect(warnings).toHaveLength(1);
    for (const name of ['base', 'knowledge', 'summary']) {
      expect(existsSync(join(cache, `models--org--${name}/snapshots`))).toBe(true);
    }
    expect(existsSync(join(folder, 'home/hub'))).toBe(false);
    expect(existsSync(join(folder, 'output/ta_mine/model.safetensors'))).toBe(true);
  });

  test('reach Python, all but the token', () => {
    const given = { CUDA_VISIBLE_DEVICES: '1', HUGGINGFACE_HUB_CACHE: '/cache', HF_AUTH_TOKEN: token };
    const environment = workerEnvironment(given);
    expect(environment).toMatchObject({ CUDA_VISIBLE_DEVICES: '1', HUGGINGFACE_HUB_CACHE: '/cache' });
    expect(JSON.stringify(environment)).not.toContain(token);
  });
});
