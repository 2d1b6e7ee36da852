import { fileURLToPath } from 'node:url';
import type { Candidate, Facts, Probed } from './facts.js';
import { mapParallel, runPython } from './python-process.js';

const script = fileURLToPath(new URL('../../py/amalgam_worker/probe.py', import.meta.url));

/** An interpreter on a network disk can take seconds to start; one that takes longer is of no use. */
const timeout = 20_000;

const parseFacts = (text: string): Facts | undefined => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && 'siteDirectories' in value ? (value as Facts) : undefined;
  } catch {
    return undefined;
  }
};

/** The line that says what went wrong: the last of a traceback, the first of any other complaint. */
const complaint = (text: string): string => {
  if (text.includes('Unknown option: -I')) return 'it is Python 2';
  return (
    text
      .trim()
      .split('\n')
      .at(text.includes('Traceback') ? -1 : 0)
      ?.trim() ?? ''
  );
};

const notStarted: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  EACCES: 'it is not a program',
};

export type ProbeOptions = {
  readonly env: NodeJS.ProcessEnv;
  /** Distributions to look for beyond the worker's own. */
  readonly packages?: readonly string[];
};

/** Asks one interpreter what it is and has, without importing torch. */
export const probe = async (candidate: Candidate, { env, packages = [] }: ProbeOptions): Promise<Probed> => {
  const args = ['-I', '-B', script, ...packages];
  const { ok, stdout, stderr, fault } = await runPython(candidate.executable, { args, env, timeout });
  const facts = ok ? parseFacts(stdout) : undefined;
  return facts
    ? { ...candidate, facts }
    : { ...candidate, fault: complaint(stderr) || (notStarted[fault] ?? fault) || 'it prints no facts' };
};

/** Asks all interpreters, several at once. */
export const probeAll = (candidates: readonly Candidate[], options: ProbeOptions): Promise<Probed[]> =>
  mapParallel(candidates, (candidate) => probe(candidate, options));
