import { exitCodes, UserError } from '../errors.js';
import { formatBytes } from '../format.js';
import { type Interpreter, isInterpreter, type Probed } from './facts.js';
import { runPython } from './python-process.js';
import { isAtLeast } from './versions.js';

/** The first pip that installs into another interpreter's environment (`pip --python`). */
const oldestPip = '22.3';
/** A CUDA build of torch is several GB; on a slow line that takes its time. */
const installTimeout = 2 * 3600_000;
const tailLines = 6;
/** Downloads below this are over before their line is read. */
const shownDownload = 50e6;

export type Report = (step: string) => void;

/** Prefers the pip of the base, which is set up for it; any other can install into the same place. */
export const findPip = (base: Interpreter, probed: readonly Probed[]): Interpreter | undefined =>
  [base, ...probed.filter(isInterpreter)].find(
    ({ facts }) => facts.hasPip && isAtLeast(facts.version, '3.8') && isAtLeast(facts.packages.pip ?? '0', oldestPip),
  );

const causes = [
  {
    pattern: /No space left on device|ENOSPC|Disk quota exceeded/i,
    message: 'the disk is full',
    hint: 'free some GB, or set AMALGAM_HOME (environments) and TMPDIR (downloads) to a larger disk',
    exitCode: exitCodes.noSpace,
  },
  {
    pattern:
      /name resolution|NewConnectionError|Failed to establish|ConnectTimeout|ReadTimeout|Network is unreachable|ProxyError|getaddrinfo/i,
    message: 'the package index cannot be reached',
    hint: 'check the network and proxy, or point pip at a mirror with PIP_INDEX_URL, then run the same command again',
    exitCode: exitCodes.failed,
  },
  {
    pattern: /No matching distribution found|ResolutionImpossible|conflicting dependencies/i,
    message: 'no fitting versions were found for this Python',
    hint: 'set AMALGAM_PYTHON to another Python (3.10 to 3.13), or to one that has torch',
    exitCode: exitCodes.failed,
  },
] as const;

/** Pip's failure as one sentence with its last lines and a fix. */
export const explainPipFailure = (text: string, fault: string): UserError => {
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !/^\[notice\]|Retrying \(Retry\(/.test(line));
  const cause = causes.find(({ pattern }) => pattern.test(text));
  const tail = lines.slice(-tailLines).map((line) => `  pip: ${line}`);
  return new UserError({
    code: 'pip-failed',
    message: [`Python packages could not be installed: ${cause?.message ?? fault}.`, ...tail].join('\n'),
    hint: cause?.hint ?? 'run the same command again, or set AMALGAM_PYTHON to a Python that has torch',
    exitCode: cause?.exitCode ?? exitCodes.failed,
  });
};

const bytesPerUnit: Readonly<Record<string, number>> = { kB: 1e3, MB: 1e6, GB: 1e9 };

const largeDownload = (line: string): string | undefined => {
  const match = /^\s*Downloading (\S+?)(?:-cp\d.*|-py\d.*)?(?:\.whl|\.tar\.gz)? \(([\d.]+) (kB|MB|GB)\)/.exec(line);
  const bytes = Number(match?.[2]) * (bytesPerUnit[match?.[3] ?? ''] ?? 0);
  return match && bytes >= shownDownload
    ? `downloading ${match[1]?.split('/').at(-1)}, ${formatBytes(bytes)}`
    : undefined;
};

export type Installation = {
  readonly pip: string;
  /** The interpreter to install for. */
  readonly into: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly report: Report;
};

/** Runs `pip install` for an environment; the user's own pip settings (index, proxy, wheels) apply. */
export const pipInstall = async ({ pip, into, args, env, report }: Installation): Promise<void> => {
  const fixed = ['--no-user', '--no-input', '--disable-pip-version-check', '--progress-bar', 'off', '--prefer-binary'];
  const result = await runPython(pip, {
    // -I keeps the working folder and PYTHONPATH out of pip's way.
    args: ['-I', '-B', '-m', 'pip', '--python', into, 'install', ...fixed, ...args],
    env,
    timeout: installTimeout,
    onLine: (line) => {
      const step = largeDownload(line);
      if (step) report(step);
    },
  });
  if (!result.ok) throw explainPipFailure(`${result.stdout}\n${result.stderr}`, `pip: ${result.fault}`);
};
