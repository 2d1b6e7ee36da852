import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { amalgamHome } from '../runtime/home.js';

/** Folder of the worker's Python package. */
export const pythonFolder = fileURLToPath(new URL('../../py', import.meta.url));

/** Would change which interpreter or prompt runs. */
const misleading = ['PYTHONHOME', 'PYTHONINSPECT', 'PYTHONSTARTUP'] as const;

/** Secrets, not to be handed to code that does not need them. */
const tokens = ['HF_TOKEN', 'HF_AUTH_TOKEN', 'HUGGING_FACE_HUB_TOKEN', 'HUGGINGFACE_TOKEN'] as const;

const offline = { HF_HUB_OFFLINE: '1', TRANSFORMERS_OFFLINE: '1' };

/** The token under the name that Python's packages know, if there is one. */
const access = ({ HF_TOKEN, HUGGING_FACE_HUB_TOKEN, HF_AUTH_TOKEN }: NodeJS.ProcessEnv): NodeJS.ProcessEnv => {
  const token = [HF_TOKEN, HUGGING_FACE_HUB_TOKEN, HF_AUTH_TOKEN].find((value) => value?.trim());
  return token === undefined ? {} : { HF_TOKEN: token };
};

/**
 * The environment of a Python process of ours, importing `amalgam_worker` from this package and nothing from the
 * current folder, and told where to keep the kernels that it compiles. The user's own PYTHONPATH stays, since some
 * find torch by it. Byte code is written where that is said to be wanted, by an empty PYTHONDONTWRITEBYTECODE. It is
 * offline and without tokens, unless `online`: what data of the Hub needs, as far as the user allows it.
 */
export const workerEnvironment = (inherited: NodeJS.ProcessEnv, online = false): NodeJS.ProcessEnv => {
  const environment: NodeJS.ProcessEnv = { ...inherited };
  for (const name of [...misleading, ...tokens]) delete environment[name];
  return {
    ...environment,
    ...(online ? access(inherited) : offline),
    AMALGAM_KERNELS_FOLDER: join(amalgamHome(inherited), 'kernels'),
    PYTHONPATH: [pythonFolder, inherited.PYTHONPATH].filter(Boolean).join(delimiter),
    PYTHONSAFEPATH: '1',
    PYTHONDONTWRITEBYTECODE: inherited.PYTHONDONTWRITEBYTECODE ?? '1',
    PYTHONUTF8: '1',
    HF_HUB_DISABLE_TELEMETRY: '1',
    TOKENIZERS_PARALLELISM: 'false',
  };
};
