import { describe, expect, it } from 'vitest';
import { type Choice, choose } from '../../src/runtime/choose.js';
import type { Probed } from '../../src/runtime/facts.js';
import { interpreter } from './interpreters.js';

type Row = {
  readonly name: string;
  readonly probed: readonly Probed[];
  readonly kind: Choice['kind'];
  /** Prefix of the expected base. */
  readonly base?: string;
  readonly reason: RegExp;
};

const dead: Probed = { executable: '/dead/python', origin: 'AMALGAM_PYTHON', fault: 'it does not exist' };

const rows: readonly Row[] = [
  {
    name: 'the named interpreter beats a newer torch with CUDA',
    probed: [
      interpreter('/named', { origin: 'AMALGAM_PYTHON', torch: '2.5.0+cpu' }),
      interpreter('/active', { origin: 'active environment', torch: '2.13.0', cuda: '12.8' }),
    ],
    kind: 'overlay',
    base: '/named',
    reason: /torch 2\.5\.0 \(CPU\) of AMALGAM_PYTHON \(\/named\)/,
  },
  {
    name: 'the named interpreter without torch gets a private environment, though another has torch',
    probed: [
      interpreter('/named', { origin: 'AMALGAM_PYTHON', version: '3.14.0' }),
      interpreter('/active', { origin: 'active environment', torch: '2.13.0' }),
    ],
    kind: 'private',
    base: '/named',
    reason: /Python 3\.14\.0.*AMALGAM_PYTHON has no torch/,
  },
  {
    name: 'a named interpreter that does not start is an error and not replaced',
    probed: [dead, interpreter('/active', { origin: 'active environment', torch: '2.13.0' })],
    kind: 'none',
    reason: /\/dead\/python, which cannot be used: it does not exist/,
  },
  {
    name: 'a named interpreter that is too old is an error',
    probed: [interpreter('/old', { origin: 'AMALGAM_PYTHON', version: '3.9.18', torch: '2.4.0' })],
    kind: 'none',
    reason: /3\.9\.18 is older than 3\.10/,
  },
  {
    name: 'the active environment beats a newer torch elsewhere',
    probed: [
      interpreter('/pyenv', { origin: 'pyenv', torch: '2.13.0', cuda: '12.8' }),
      interpreter('/active', { origin: 'active environment', torch: '2.4.0' }),
    ],
    kind: 'overlay',
    base: '/active',
    reason: /active environment \(\/active\)/,
  },
  {
    name: 'an active torch that is too old is passed over',
    probed: [
      interpreter('/active', { origin: 'active environment', torch: '2.3.1' }),
      interpreter('/conda', { origin: 'conda root', torch: '2.6.0' }),
    ],
    kind: 'overlay',
    base: '/conda',
    reason: /torch 2\.6\.0/,
  },
  {
    name: 'elsewhere a CUDA build beats a newer CPU build',
    probed: [
      interpreter('/new', { origin: 'pyenv', torch: '2.13.0+cpu' }),
      interpreter('/cuda', { origin: 'conda root', torch: '2.5.1', cuda: '12.4' }),
    ],
    kind: 'overlay',
    base: '/cuda',
    reason: /CUDA 12\.4/,
  },
  {
    name: 'among equal builds the newest torch wins, numbers compared as numbers',
    probed: [
      interpreter('/nine', { origin: 'pyenv', torch: '2.9.0' }),
      interpreter('/ten', { origin: 'uv', torch: '2.10.0' }),
    ],
    kind: 'overlay',
    base: '/ten',
    reason: /2\.10\.0/,
  },
  {
    name: 'without any torch the Python on the PATH makes the environment',
    probed: [interpreter('/usr', { version: '3.11.2' }), interpreter('/pyenv', { origin: 'pyenv', version: '3.13.0' })],
    kind: 'private',
    base: '/usr',
    reason: /Python 3\.11\.2/,
  },
  {
    name: 'a Python newer than the wheels on the PATH gives way to one with wheels',
    probed: [
      interpreter('/usr', { version: '3.14.1' }),
      interpreter('/ten', { origin: 'pyenv', version: '3.10.13' }),
      interpreter('/twelve', { origin: 'pyenv', version: '3.12.1' }),
    ],
    kind: 'private',
    base: '/twelve',
    reason: /Python 3\.12\.1/,
  },
  {
    name: 'a Python newer than the wheels is better than none',
    probed: [interpreter('/usr', { version: '3.14.1' }), interpreter('/old', { version: '3.8.18' })],
    kind: 'private',
    base: '/usr',
    reason: /Python 3\.14\.1/,
  },
  {
    name: 'PyPy is not used',
    probed: [interpreter('/pypy', { implementation: 'pypy' })],
    kind: 'none',
    reason: /among 1 interpreters/,
  },
  {
    name: 'a Python that cannot make environments gives way to one that can',
    probed: [
      interpreter('/bare', { origin: 'active environment', torch: '2.13.0', venv: false }),
      interpreter('/whole', { origin: 'pyenv', version: '3.10.13' }),
    ],
    kind: 'private',
    base: '/whole',
    reason: /Python 3\.10\.13/,
  },
  { name: 'nothing found', probed: [], kind: 'none', reason: /no Python was found/ },
];

describe('choose', () => {
  it.each(rows)('$name', ({ probed, kind, base, reason }) => {
    const choice = choose(probed);
    expect(choice.kind).toBe(kind);
    expect(choice.kind === 'none' ? undefined : choice.base.facts.prefix).toBe(base);
    expect(choice.reason).toMatch(reason);
  });
});
