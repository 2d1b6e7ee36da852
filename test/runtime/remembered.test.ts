import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { recall, remember } from '../../src/runtime/remembered.js';

let folder: string;
let env: NodeJS.ProcessEnv;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'amalgam-remembered-'));
  env = { HOME: folder, AMALGAM_HOME: join(folder, 'home'), PATH: '' };
  mkdirSync(join(folder, 'home/environments'), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const watchedFile = (): string => join(folder, 'python');
const rememberOnce = (): void =>
  remember({ env, cwd: folder }, ['requirements'], { value: 'choice', watch: [watchedFile(), join(folder, 'later')] });
const recalled = (changes: NodeJS.ProcessEnv = {}, about = 'requirements'): unknown =>
  recall({ env: { ...env, ...changes }, cwd: folder }, [about]);

describe('remembered choices', () => {
  it('hold while nothing changes', () => {
    writeFileSync(watchedFile(), 'x');
    rememberOnce();
    expect(recalled()).toBe('choice');
  });

  it('end when a watched file changes, goes or appears', () => {
    writeFileSync(watchedFile(), 'x');
    rememberOnce();
    writeFileSync(watchedFile(), 'longer');
    expect(recalled()).toBeUndefined();
    rememberOnce();
    writeFileSync(join(folder, 'later'), '');
    expect(recalled()).toBeUndefined();
    rememberOnce();
    rmSync(watchedFile());
    expect(recalled()).toBeUndefined();
  });

  it('belong to one situation', () => {
    writeFileSync(watchedFile(), 'x');
    rememberOnce();
    expect(recalled({ VIRTUAL_ENV: '/another' })).toBeUndefined();
    expect(recalled({ AMALGAM_PYTHON: 'python3.12' })).toBeUndefined();
    expect(recalled({}, 'other requirements')).toBeUndefined();
    expect(recalled({ UNRELATED: 'yes' })).toBe('choice');
  });
});
