import { describe, expect, it } from 'vitest';
import { constraintsOf, missingRequirements, parseRequirements } from '../../src/runtime/requirements.js';
import { compareVersions } from '../../src/runtime/versions.js';

const runtime = parseRequirements(
  '# comment\ntorch==2.13.0\n\nnumpy>=1.26,<3\ntransformers==5.23.0 # why\nsafetensors==0.8.0\nrouge-score==0.1.2\n',
);
const namesMissing = (packages: Readonly<Record<string, string>>, requirements = runtime) =>
  missingRequirements(requirements, { packages }).map(({ name }) => name);

describe('requirements', () => {
  it('skips comments and blank lines', () => {
    expect(runtime.map(({ name }) => name)).toEqual(['torch', 'numpy', 'transformers', 'safetensors', 'rouge-score']);
    expect(runtime[2]?.line).toBe('transformers==5.23.0');
  });

  it('never counts torch as missing', () => {
    expect(namesMissing({})).toEqual(['numpy', 'transformers', 'safetensors', 'rouge-score']);
  });

  it('keeps what the user has, whichever way its name is written, unless it is too old', () => {
    const user = { torch: '2.4.1', numpy: '1.26.4', transformers: '5.2.0', safetensors: '0.7.0', rouge_score: '0.1.2' };
    expect(namesMissing(user)).toEqual([]);
    expect(namesMissing({ ...user, transformers: '4.57.1' })).toEqual(['transformers']);
  });

  it('wants tools in the exact version', () => {
    const tools = parseRequirements('ruff==0.17.6');
    expect(namesMissing({ ruff: '0.17.6' }, tools)).toEqual([]);
    expect(namesMissing({ ruff: '0.17.7' }, tools)).toEqual(['ruff']);
  });

  it('holds the versions of the base with their local parts', () => {
    const packages = {
      torch: '2.13.0+cpu',
      'nvidia-cublas-cu12': '12.8.4.1',
      triton: '3.6.0',
      numpy: '2.4.6',
      pip: '26.3',
    };
    expect(constraintsOf({ packages }, [])).toEqual([
      'numpy==2.4.6',
      'nvidia-cublas-cu12==12.8.4.1',
      'torch==2.13.0+cpu',
      'triton==3.6.0',
    ]);
  });

  it('frees a package that must be replaced, and what is tied to it', () => {
    const packages = { torch: '2.6.0', transformers: '4.40.0', tokenizers: '0.19.0', safetensors: '0.4.3' };
    const missing = missingRequirements(runtime, { packages });
    expect(constraintsOf({ packages }, missing)).toEqual(['torch==2.6.0']);
  });
});

describe('compareVersions', () => {
  it.each([
    ['2.10.0', '2.9.1', 1],
    ['2.4', '2.4.0', 0],
    ['2.13.0+cpu', '2.13.0', 0],
    ['2.6.0a0+git1', '2.6.0', -1],
    ['3.13.0', '3.9', 1],
    ['2.5.0.dev20250101+cu126', '2.5.0', -1],
    ['2.5.0.post1', '2.5.0', 0],
  ])('%s against %s', (left, right, sign) => {
    expect(Math.sign(compareVersions(left, right))).toBe(sign);
    expect(Math.sign(compareVersions(right, left))).toBe(-sign + 0);
  });
});
