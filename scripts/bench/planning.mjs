import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeHeaderOnly } from './header-only.mjs';
import { describeMachine, machineFacts } from './machine.mjs';
import { measure } from './measure.mjs';
import { median } from './median.mjs';
import { preparePrograms } from './prepare.mjs';
import { judged, markdown, megabytes, seconds } from './table.mjs';

const program = fileURLToPath(new URL('../amalgam.mjs', import.meta.url));

/** What is planned, and the seconds and bytes that it may take. */
const cases = {
  '7 B': {
    shape: { layers: 32, hidden: 4096, kv: 1024, ffn: 14_336, head: 128, vocab: 32_000, shards: 3 },
    seconds: 1,
  },
  '70 B': {
    shape: { layers: 80, hidden: 8192, kv: 1024, ffn: 28_672, head: 128, vocab: 32_000, shards: 29 },
    seconds: 2,
  },
  '1 T, mixture of experts': {
    shape: { layers: 64, hidden: 5120, kv: 1024, ffn: 2048, head: 128, vocab: 160_000, experts: 512, shards: 64 },
    seconds: 10,
  },
};
const mostBytes = 600e6;
const heads = ['four models of', 'tensors of each', 'bytes of each', 'shards', 'plan', 'peak'];
const tuned = ['tune-1', 'tune-2', 'tune-3'];

const recipeFor = (folder) =>
  [
    'merge_method: ties',
    `base_model: ${join(folder, 'base')}`,
    'models:',
    ...tuned.map((name) => `  - { model: ${join(folder, name)}, parameters: { weight: 0.5, density: 0.5 } }`),
    'dtype: bfloat16',
    '',
  ].join('\n');

const planRepeatedly = async (folder, shape, { rounds, stop }) => {
  const made = ['base', ...tuned].map((name) => writeHeaderOnly(join(folder, name), shape));
  const recipe = join(folder, 'recipe.yaml');
  writeFileSync(recipe, recipeFor(folder));
  const runs = [];
  for (let round = 0; round < rounds; round++) {
    runs.push(await measure(process.execPath, [program, 'plan', recipe], { stop }));
  }
  const peak = Math.max(...runs.map((run) => run.peak));
  return { ...made[0], seconds: median(runs.map((run) => run.seconds)), peak };
};

/** Plans TIES of a base and three fine-tunes whose files have headers only; prints times of the whole command. */
export const benchPlanning = async ({ root, rounds, stop }) => {
  const { versions } = await preparePrograms(root, false);
  const parent = mkdtempSync(join(tmpdir(), 'amalgam-bench-planning-'));
  const print = (text) => process.stdout.write(`${text}\n`);
  try {
    print(`${describeMachine(machineFacts(parent, versions))} · medians of ${rounds} rounds, highest peaks\n`);
    const rows = [];
    for (const [name, { shape, seconds: most }] of Object.entries(cases)) {
      const folder = join(parent, name.replaceAll(/\W+/g, '-'));
      const found = await planRepeatedly(folder, shape, { rounds, stop });
      rmSync(folder, { recursive: true });
      rows.push([
        name,
        found.tensors.toLocaleString('en'),
        `${(found.bytes / 1e9).toFixed(0)} GB`,
        `${shape.shards}`,
        judged(seconds(found.seconds), most, '<', found.seconds < most),
        judged(megabytes(found.peak), mostBytes / 1e6, '<', found.peak < mostBytes),
      ]);
    }
    print(markdown(heads, rows));
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
};
