import { PassThrough, type Readable, type Writable } from 'node:stream';

/** Two byte streams to a peer that speaks JSON-RPC in Content-Length frames. */
export type Transport = {
  readonly readable: Readable;
  readonly writable: Writable;
};

/** Two ends of one connection inside this process: what one writes the other reads. */
export const linkedTransports = (): readonly [Transport, Transport] => {
  const forth = new PassThrough();
  const back = new PassThrough();
  return [
    { readable: back, writable: forth },
    { readable: forth, writable: back },
  ];
};
