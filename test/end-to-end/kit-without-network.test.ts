import { createServer } from 'node:net';
import { beforeAll, describe, expect, test } from 'vitest';
import { exitCodes } from '../../src/errors.js';
import { runCli } from '../helpers/cli.js';
import { temporaryFolder } from '../helpers/temporary.js';

const folder = temporaryFolder();
const flan = [
  'lorahub/flan_t5_xl-wiki_qa_Is_This_True_',
  'lorahub/flan_t5_xl-kilt_tasks_hotpotqa_complex_question',
  'google/flan-t5-xl',
];
const llama = [
  'abcdabcd987/gsm8k-llama2-7b-lora-16',
  'FinGPT/fingpt-forecaster_dow30_llama2-7b_lora',
  'meta-llama/Llama-2-7b-hf',
];
const methods = ['avg', 'slerp', 'ta', 'ties', 'dare', 'dare_ties', 'ms'];
const names: [string, string[]][] = [
  ...methods.map((method): [string, string[]] => [`${method}_flan_t5`, flan]),
  ...methods.map((method): [string, string[]] => [`${method}_llama2`, llama]),
  ['avg_llama', llama],
  ['slerp_llama3', ['meta-llama/Meta-Llama-3-8B-Instruct', 'princeton-nlp/Llama-3-Instruct-8B-SimPO']],
  ['slerp_mistral', ['HuggingFaceH4/zephyr-7b-beta', 'mistralai/Mistral-7B-Instruct-v0.1']],
];

const run = async (name: string, env: NodeJS.ProcessEnv) => {
  const started = performance.now();
  const clean = { HF_HOME: folder, HF_TOKEN: '', HUGGING_FACE_HUB_TOKEN: '', HF_AUTH_TOKEN: '', HF_HUB_CACHE: '' };
  const finished = await runCli(['kit', name], { cwd: folder, env: { ...clean, ...env } });
  return { ...finished, milliseconds: performance.now() - started };
};

describe('without a network,', () => {
  let closed = 0;
  beforeAll(async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    closed = typeof address === 'object' && address !== null ? address.port : 0;
    await new Promise((resolve) => server.close(resolve));
  });

  test.each(names)('%s fails in three seconds and says what to do about each model', async (name, repositories) => {
    const { code, stderr, milliseconds } = await run(name, { HF_HUB_OFFLINE: '1' });
    expect(code).toBe(exitCodes.notFound);
    expect(milliseconds).toBeLessThan(3000);
    for (const repository of repositories) {
      const sentence = stderr.split('\n').find((line) => line.startsWith('error') && line.includes(` ${repository}@`));
      expect(sentence).toMatch(/is not in the Hugging Face cache, .* and no access token is set$/);
      expect(stderr).toContain(`HF_HUB_OFFLINE=0 hf download ${repository}`);
    }
  });

  test('a Hub that refuses connections is told in the same way, with where the token was found', async () => {
    const { code, stderr, milliseconds, stdout } = await run('slerp_llama2', {
      HF_HUB_OFFLINE: '',
      HF_ENDPOINT: `http://127.0.0.1:${closed}`,
      HF_AUTH_TOKEN: 'hf_canaryOfTheKit',
    });
    expect(code).toBe(exitCodes.notFound);
    expect(milliseconds).toBeLessThan(3000);
    for (const repository of llama) {
      expect(stderr).toMatch(
        new RegExp(`${repository} cannot be read from .*refuses.*, and the access token is in HF_AUTH_TOKEN`),
      );
      expect(stderr).toContain(`hf download ${repository} --revision`);
    }
    expect(stdout.match(/HF_TOKEN is the one/g)).toHaveLength(1);
    expect(stdout + stderr).not.toContain('hf_canary');
  });

  test('data that is not there is told together with the models', async () => {
    const { stderr } = await run('slerp_llama2', { HF_HUB_OFFLINE: '1' });
    expect(stderr).toMatch(/error\[no-data\].*cosmos_qa\.csv and data\/validation\/xsum\.csv are not here/);
    expect(stderr).toMatch(/--data.*--tasks.*--no-eval/);
  });
});
