import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { listCandidates, type Surroundings } from './candidates.js';
import { type Choice, choose } from './choose.js';
import { environmentDirectory, readReady } from './environment.js';
import type { Probed } from './facts.js';
import { projectRoot } from './prepare.js';
import { probeAll } from './probe.js';
import { runPython } from './python-process.js';
import { parseRequirements } from './requirements.js';

/** What the imported torch says of itself. */
export type TorchReport = {
  readonly version: string;
  /** The usable GPUs; empty if there are none. */
  readonly devices: readonly {
    readonly name: string;
    /** Bytes; null where it does not tell. */
    readonly total: number | null;
    readonly free: number | null;
  }[];
};

export type PythonInspection = {
  readonly probed: readonly Probed[];
  readonly choice: Choice;
  /** The environment that the choice leads to, whether or not it is there yet; null if there is no choice. */
  readonly environment: { readonly directory: string; readonly python: string | null } | null;
};

/** Finds out what `preparePython` would choose and what is there of it; makes nothing. */
export const inspectPython = async ({ env, cwd }: Surroundings): Promise<PythonInspection> => {
  const probed = await probeAll(listCandidates({ env, cwd }), { env });
  const choice = choose(probed);
  if (choice.kind === 'none') return { probed, choice, environment: null };
  const requirements = parseRequirements(readFileSync(join(projectRoot, 'requirements.txt'), 'utf8'));
  const directory = environmentDirectory(env, choice.kind, { base: choice.base, requirements });
  return { probed, choice, environment: { directory, python: readReady(directory)?.executable ?? null } };
};

const importTimeout = 120_000;

const question = [
  'import json, torch',
  'def gpu(index):',
  '    try: free, total = torch.cuda.mem_get_info(index)',
  '    except RuntimeError: free = total = None',
  '    return {"name": torch.cuda.get_device_name(index), "total": total, "free": free}',
  'gpus = range(torch.cuda.device_count() if torch.cuda.is_available() else 0)',
  'print(json.dumps({"version": torch.__version__, "devices": [gpu(index) for index in gpus]}))',
].join('\n');

/** Imports torch and asks for its devices; a string says why that failed. */
export const askTorch = async (python: string, env: NodeJS.ProcessEnv): Promise<TorchReport | string> => {
  const { ok, stdout, stderr, fault } = await runPython(python, {
    args: ['-c', question],
    env,
    timeout: importTimeout,
  });
  if (!ok) return stderr.trim().split('\n').at(-1) || fault;
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as TorchReport;
};
