import { describe, expect, test } from 'vitest';
import { workerEnvironment } from '../../src/bridge/worker-environment.js';

describe('the environment of a worker', () => {
  const secrets = { HF_TOKEN: 'a', HUGGING_FACE_HUB_TOKEN: 'b', HF_AUTH_TOKEN: 'c', HUGGINGFACE_TOKEN: 'd' };

  test('is offline, without tokens and without what would make Python another', () => {
    const environment = workerEnvironment({ ...secrets, PYTHONSTARTUP: 'x', HF_HOME: '/hub', HF_HUB_OFFLINE: '0' });
    expect(environment).toMatchObject({ HF_HUB_OFFLINE: '1', TRANSFORMERS_OFFLINE: '1', HF_HOME: '/hub' });
    expect(Object.keys(environment).filter((name) => name in secrets || name === 'PYTHONSTARTUP')).toEqual([]);
  });

  test('writes byte code only where that is said to be wanted', () => {
    expect(workerEnvironment({}).PYTHONDONTWRITEBYTECODE).toBe('1');
    expect(workerEnvironment({ PYTHONDONTWRITEBYTECODE: '' }).PYTHONDONTWRITEBYTECODE).toBe('');
  });

  test('that needs data of the Hub has one token, and is offline where the user is', () => {
    const tokensOf = (inherited: NodeJS.ProcessEnv) =>
      Object.entries(workerEnvironment(inherited, true)).filter(([name]) => name in secrets);
    expect(tokensOf(secrets)).toEqual([['HF_TOKEN', 'a']]);
    expect(tokensOf({ HF_AUTH_TOKEN: 'c', HF_TOKEN: ' ' })).toEqual([['HF_TOKEN', 'c']]);
    expect(tokensOf({})).toEqual([]);
    expect(workerEnvironment({}, true).HF_HUB_OFFLINE).toBeUndefined();
    expect(workerEnvironment({ HF_HUB_OFFLINE: '1' }, true).HF_HUB_OFFLINE).toBe('1');
  });
});
