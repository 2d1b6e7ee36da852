import { createMessageConnection, type MessageConnection } from 'vscode-jsonrpc/node';
import { connect } from '../../src/bridge/connection.js';
import { linkedTransports } from '../../src/bridge/transport.js';
import type { EvaluateParams, MergeParams, MergeResult } from '../../src/protocol/messages.js';

/** A connection and the scripted worker at its other end. */
export const linked = (options?: Parameters<typeof connect>[1]) => {
  const [ours, theirs] = linkedTransports();
  const peer: MessageConnection = createMessageConnection(theirs.readable, theirs.writable);
  peer.listen();
  return { connection: connect(ours, options), peer, theirs };
};

export const mergeParams: MergeParams = {
  job: 7,
  planPath: '/plans/a.json',
  directory: '/out.partial',
  device: 'cpu',
  threads: null,
  chunkElements: null,
  part: null,
};

export const mergeResult: MergeResult = {
  device: 'cpu',
  tensors: 3,
  bytesRead: 300,
  bytesWritten: 100,
  seconds: 0.5,
  peakMemory: 1000,
};

export const evaluateParams: EvaluateParams = {
  job: 8,
  modelPath: '/models/a',
  adapterPath: null,
  planPath: null,
  tasks: [],
  limit: null,
  sampleSeed: null,
  batchSize: null,
  device: 'cpu',
  threads: null,
  keptScores: null,
  modelKey: '',
};
