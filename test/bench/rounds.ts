const machine = {
  cpu: 'Some CPU',
  cores: 2,
  memory: 24e9,
  system: 'linux 6',
  fileSystem: 'ext4',
  node: '20.12.0',
  python: '3.11.7',
  torch: '2.13.0',
  kernels: 'g++ 12' as string | null,
  mergekit: '0.1.5' as string | null,
};

/** A round as the benchmark writes it down; the copy limit is two seconds. */
export const round = (method: string, changes: Record<string, unknown> = {}) => ({
  at: '2026-01-01T00:00:00.000Z',
  method,
  round: 1,
  size: '1.1B',
  flags: [] as string[],
  machine,
  commit: 'abc1234',
  program: 'one-two',
  limit: { read: 0.5, write: 1.5, flush: 0.1 },
  amalgam: { whole: 5, stage: 3, peak: 300e6, workerPeak: 250e6 },
  mergekit: { whole: 50, peak: 2e9 } as { whole: number; peak: number } | null,
  ...changes,
});

/** The same without mergekit beside it. */
export const alone = (method: string, changes: Record<string, unknown> = {}) =>
  round(method, { mergekit: null, machine: { ...machine, mergekit: null }, ...changes });

export const onMachine = (changes: Partial<typeof machine>) => ({ machine: { ...machine, ...changes } });
