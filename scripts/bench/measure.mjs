import { spawn } from 'node:child_process';
import { anonymousMemory, treeOf } from './process-tree.mjs';

const sampleMilliseconds = 75;
const graceMilliseconds = 5_000;
const tailLength = 2_000;

/** The benchmark was told to end by a signal. */
export class Stopped extends Error {
  constructor(signal) {
    super(`stopped by ${signal}`);
    this.signal = signal;
  }
}

const send = (pid, signal) => {
  try {
    process.kill(pid, signal);
  } catch {
    // It is gone already.
  }
};

/**
 * Runs a program to its end and gives its output, the seconds that it took, and the peak of the anonymous memory that
 * it and all its descendants hold together. Rejects with Stopped once `stop` is aborted and nothing of it runs any more.
 */
export const measure = (command, args, { env = process.env, stop }) =>
  new Promise((resolve, reject) => {
    stop.throwIfAborted();
    const started = performance.now();
    // A group of its own: Ctrl-C in the terminal reaches it through this process alone.
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const output = [];
    let complaints = '';
    let peak = 0;
    child.stdout.on('data', (chunk) => output.push(chunk));
    child.stderr.setEncoding('utf8').on('data', (text) => {
      complaints = (complaints + text).slice(-tailLength);
    });
    const sampling = setInterval(() => {
      peak = Math.max(peak, anonymousMemory(treeOf(child.pid)));
    }, sampleMilliseconds);
    let tree = [];
    let patience;
    const kill = () => {
      for (const pid of tree) send(pid, 'SIGKILL');
    };
    const end = () => {
      tree = treeOf(child.pid);
      send(-child.pid, 'SIGTERM');
      patience = setTimeout(kill, graceMilliseconds);
    };
    stop.addEventListener('abort', end, { once: true });
    const finish = () => {
      clearInterval(sampling);
      clearTimeout(patience);
      // What it left behind when it was stopped.
      kill();
      stop.removeEventListener('abort', end);
    };
    child.once('error', (error) => {
      finish();
      reject(error);
    });
    child.once('close', (code) => {
      finish();
      const seconds = (performance.now() - started) / 1000;
      if (stop.aborted) reject(stop.reason);
      else if (code === 0) resolve({ seconds, peak, output: Buffer.concat(output).toString('utf8') });
      else reject(new Error(`${[command, ...args].join(' ')} ended with exit code ${code}: ${complaints.trim()}`));
    });
  });
