import { delimiter } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folder of the worker's Python package. */
export const pythonFolder = fileURLToPath(new URL('../../py', import.meta.url));

/** Would change which interpreter or prompt runs, or hand a secret to code that never needs it. */
const withheld = [
  'PYTHONHOME',
  'PYTHONINSPECT',
  'PYTHONSTARTUP',
  'HF_TOKEN',
  'HF_AUTH_TOKEN',
  'HUGGING_FACE_HUB_TOKEN',
  'HUGGINGFACE_TOKEN',
] as const;

/**
 * The environment of a Python process of ours: offline, without tokens, importing `amalgam_worker` from this
 * package and nothing from the current folder. The user's own PYTHONPATH stays, since some find torch by it.
 */
export const workerEnvironment = (inherited: NodeJS.ProcessEnv): NodeJS.ProcessEnv => {
  const environment: NodeJS.ProcessEnv = { ...inherited };
  for (const name of withheld) delete environment[name];
  return {
    ...environment,
    PYTHONPATH: [pythonFolder, inherited.PYTHONPATH].filter(Boolean).join(delimiter),
    PYTHONSAFEPATH: '1',
    PYTHONDONTWRITEBYTECODE: '1',
    PYTHONUTF8: '1',
    HF_HUB_OFFLINE: '1',
    TRANSFORMERS_OFFLINE: '1',
    HF_HUB_DISABLE_TELEMETRY: '1',
    TOKENIZERS_PARALLELISM: 'false',
  };
};
