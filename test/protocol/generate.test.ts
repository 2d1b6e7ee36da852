import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { pythonProtocol } from '../../src/protocol/generate.js';
import { methods } from '../../src/protocol/methods.js';
import { protocolDigest, wireTypes } from '../../src/protocol/wire-types.js';

const committed = readFileSync(fileURLToPath(new URL('../../py/amalgam_worker/protocol.py', import.meta.url)), 'utf8');

it("is what the worker's protocol.py holds", () => {
  expect(pythonProtocol()).toBe(committed);
});

it('defines every wire type once, carries the digest, and lists every method', () => {
  for (const name of Object.keys(wireTypes))
    expect(committed.match(new RegExp(`^(class ${name}:|${name} = )`, 'gm')), name).toHaveLength(1);
  expect(committed).toContain(`PROTOCOL = "${protocolDigest()}"`);
  for (const name of Object.keys(methods)) expect(committed).toContain(`    "${name}": (`);
});
