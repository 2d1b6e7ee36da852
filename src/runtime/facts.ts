/** Where an interpreter was found, in the order in which they are preferred. */
export type Origin =
  | 'AMALGAM_PYTHON'
  | 'active environment'
  | 'conda'
  | 'project folder'
  | 'PATH'
  | 'pyenv'
  | 'conda root'
  | 'uv'
  | 'Jupyter kernel';

export type Candidate = { readonly executable: string; readonly origin: Origin };

export type TorchFacts = {
  readonly directory: string;
  /** CUDA version that torch was built for; null for other builds. */
  readonly cuda: string | null;
  readonly hip: string | null;
  /** Whether its byte code is stored, so that nothing need be written to import it fast. */
  readonly compiled: boolean;
};

/** What `py/amalgam_worker/probe.py` prints about an interpreter. */
export type Facts = {
  readonly version: string;
  readonly implementation: string;
  readonly executable: string;
  readonly prefix: string;
  readonly basePrefix: string;
  readonly siteDirectories: readonly string[];
  /** Installed versions by distribution name as the probe was asked for it. */
  readonly packages: Readonly<Record<string, string>>;
  readonly torch: TorchFacts | null;
  readonly externallyManaged: boolean;
  readonly hasPip: boolean;
  readonly hasEnsurepip: boolean;
  readonly hasVenv: boolean;
};

export type Interpreter = Candidate & { readonly facts: Facts };

/** A candidate that could not be asked, and why. */
export type DeadCandidate = Candidate & { readonly fault: string };

export type Probed = Interpreter | DeadCandidate;

export const isInterpreter = (probed: Probed): probed is Interpreter => 'facts' in probed;

/** `torch 2.13.0 (CUDA 12.8)`; null if there is none. */
export const describeTorch = ({ packages, torch }: Facts): string | null => {
  const version = packages.torch;
  if (!torch || !version) return null;
  const build = torch.cuda ? `CUDA ${torch.cuda}` : torch.hip ? `ROCm ${torch.hip}` : 'CPU';
  return `torch ${version.split('+')[0]} (${build})`;
};
