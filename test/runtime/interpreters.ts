import type { Facts, Interpreter, Origin, TorchFacts } from '../../src/runtime/facts.js';

const cpuTorch: TorchFacts = { directory: '/env/torch', cuda: null, hip: null, compiled: true };

export type Sketch = {
  readonly origin?: Origin;
  readonly version?: string;
  readonly torch?: string;
  readonly cuda?: string;
  readonly implementation?: string;
  readonly pip?: string;
  readonly venv?: boolean;
};

/** An interpreter as the probe would report it, for tests that start none. */
export const interpreter = (prefix: string, sketch: Sketch = {}): Interpreter => {
  const { origin = 'PATH', version = '3.11.7', torch, cuda, implementation = 'cpython', pip, venv = true } = sketch;
  const packages: Record<string, string> = { ...(torch && { torch }), ...(pip && { pip }) };
  const facts: Facts = {
    version,
    implementation,
    executable: `${prefix}/bin/python3`,
    prefix,
    basePrefix: prefix,
    siteDirectories: [`${prefix}/lib/site-packages`],
    packages,
    torch: torch ? { ...cpuTorch, cuda: cuda ?? null } : null,
    externallyManaged: false,
    hasPip: pip !== undefined,
    hasEnsurepip: true,
    hasVenv: venv,
  };
  return { executable: facts.executable, origin, facts };
};
