import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { exitCodes } from '../../src/errors.js';
import { openCheckpoint } from '../../src/hub/checkpoint.js';
import { afterDownload, bytesToFetch, type DownloadProgress, download } from '../../src/hub/download.js';
import { blobPath } from '../../src/hub/download-file.js';
import { localFiles } from '../../src/hub/model-files.js';
import type { RemoteFile } from '../../src/hub/remote-file.js';
import { writeCheckpoint } from '../helpers/checkpoint.js';
import { startHub } from '../helpers/hub-server.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { failureOf } from './rejection.js';
import { emptyCache, fetchIn, openIn, type TestEnvironment } from './session.js';

const hub = await startHub();
const source = writeCheckpoint(temporaryFolder(), {
  tensors: { a: { dtype: 'F32', shape: [300, 300] }, b: { dtype: 'F32', shape: [3] } },
  shards: 2,
  files: { 'tokenizer.json': '{"version":"1.0"}', 'tokenizer_config.json': '{}', 'empty.txt': '' },
});
const commit = hub.publish('org/model', source, { revisions: ['refs/pr/1'] });
const shard = 'model-00001-of-00002.safetensors';

afterEach(() => hub.intercept(null));

const repositoryIn = (env: TestEnvironment) => join(env.HF_HOME, 'hub/models--org--model');
const snapshotIn = (env: TestEnvironment) => join(repositoryIn(env), 'snapshots', commit);
const leftovers = (env: TestEnvironment) =>
  readdirSync(join(env.HF_HOME, 'hub'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    /incomplete|\.lock$|\.tmp$/.test(name),
  );
const contentRequests = () => hub.seen.filter(({ path, range }) => path.includes('/resolve/') && range === undefined);
const shardOf = (files: readonly RemoteFile[]): RemoteFile => {
  const found = files.find(({ name }) => name === shard);
  if (found === undefined) throw new Error(`${shard} is not among the files`);
  return found;
};

describe('a download', () => {
  test('leaves the layout of the standard cache: blobs by hash, relative links, a ref', async () => {
    const env = emptyCache(hub);
    const { checkpoint } = await fetchIn(env, 'org/model');
    const snapshot = snapshotIn(env);
    expect(readFileSync(join(repositoryIn(env), 'refs/main'), 'utf8')).toBe(commit);
    expect(readdirSync(snapshot).sort()).toEqual(readdirSync(source).sort());
    for (const name of readdirSync(snapshot)) {
      const content = readFileSync(join(source, name));
      const git = createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
      const hash = name.endsWith('.safetensors') ? createHash('sha256').update(content).digest('hex') : git;
      expect(lstatSync(join(snapshot, name)).isSymbolicLink()).toBe(true);
      expect(readlinkSync(join(snapshot, name))).toBe(`../../blobs/${hash}`);
      expect(readFileSync(join(snapshot, name)).equals(content)).toBe(true);
    }
    expect(leftovers(env)).toEqual([]);
    expect((await openCheckpoint(localFiles(snapshot))).tensors).toEqual(checkpoint.tensors);
  });

  test('gives the plan the times that the files then have', async () => {
    const env = emptyCache(hub);
    const { checkpoint } = await fetchIn(env, 'org/model');
    const local = await openCheckpoint(localFiles(snapshotIn(env)));
    expect(afterDownload(checkpoint.files)).toEqual(local.files);
    expect(afterDownload(local.files)).toEqual(local.files);
  });

  test('tells each byte once', async () => {
    const told: DownloadProgress[] = [];
    const env = emptyCache(hub);
    const expected = bytesToFetch((await openIn(env, 'org/model')).downloads);
    await fetchIn(env, 'org/model', (progress) => told.push(progress));
    expect(told.at(-1)).toMatchObject({ bytesDone: expected, bytesTotal: expected });
    const done = told.map(({ bytesDone }) => bytesDone);
    expect(done).toEqual([...done].sort((a, b) => a - b));
  });

  test('of a pull request or a commit records the one as a ref and the other not at all', async () => {
    const env = emptyCache(hub);
    await fetchIn(env, 'org/model@refs/pr/1');
    expect(readFileSync(join(repositoryIn(env), 'refs/refs/pr/1'), 'utf8')).toBe(commit);
    const other = emptyCache(hub);
    await fetchIn(other, `org/model@${commit}`);
    expect(existsSync(join(repositoryIn(other), 'refs'))).toBe(false);
    expect((await openIn({ ...other, HF_HUB_OFFLINE: '1' }, `org/model@${commit}`)).downloads).toEqual([]);
  });

  test('fetches again only the content that is not there', async () => {
    const env = emptyCache(hub);
    const { downloads } = await fetchIn(env, 'org/model');
    const before = contentRequests().length;
    await download(downloads);
    expect(contentRequests()).toHaveLength(before);
    writeFileSync(blobPath(shardOf(downloads)), 'cut short');
    await download(downloads);
    expect(contentRequests()).toHaveLength(before + 1);
    expect(readFileSync(join(snapshotIn(env), shard)).equals(readFileSync(join(source, shard)))).toBe(true);
  });

  test('asks for equal content once', async () => {
    const folder = writeCheckpoint(temporaryFolder(), {
      tensors: { a: { dtype: 'F32', shape: [1] } },
      files: { 'vocab.json': '{"same":1}', 'added_tokens.json': '{"same":1}' },
    });
    hub.publish('org/twins', folder);
    const env = emptyCache(hub);
    const { downloads } = await openIn(env, 'org/twins');
    const before = contentRequests().length;
    await download(downloads);
    expect(contentRequests()).toHaveLength(before + downloads.length - 1);
    expect((await openIn(env, 'org/twins')).checkpoint.others).toContain('vocab.json');
  });
});

describe('two downloads at once', () => {
  test('share the work: each content is asked for once', async () => {
    const env = emptyCache(hub);
    const [one, two] = await Promise.all([openIn(env, 'org/model'), openIn(env, 'org/model')]);
    const before = contentRequests().length;
    await Promise.all([download(one.downloads), download(two.downloads)]);
    const asked = one.downloads.filter(({ bytes }) => bytes > 0);
    expect(contentRequests()).toHaveLength(before + asked.length);
    expect(leftovers(env)).toEqual([]);
  });

  const lockOf = (file: RemoteFile): string =>
    join(dirname(file.folder), '.locks', 'models--org--model', `${file.oid}.amalgam.lock`);
  const writeLock = (file: RemoteFile, text: string): string => {
    const lock = lockOf(file);
    mkdirSync(dirname(lock), { recursive: true });
    writeFileSync(lock, text);
    return lock;
  };
  const deadProcess = 2 ** 22 - 1;

  test('take over the lock of a process that is gone, and an unsigned one that is old', async () => {
    const env = emptyCache(hub);
    const { downloads } = await openIn(env, 'org/model');
    writeLock(shardOf(downloads), JSON.stringify({ pid: deadProcess, host: hostname() }));
    const [config] = downloads.filter(({ name }) => name === 'config.json');
    const unsigned = writeLock(config ?? shardOf(downloads), '');
    utimesSync(unsigned, 0, 0);
    await download(downloads);
    expect(leftovers(env)).toEqual([]);
    expect(readdirSync(snapshotIn(env)).sort()).toEqual(readdirSync(source).sort());
  });

  test('respect the lock of a live process, and stop waiting when told to', async () => {
    const env = emptyCache(hub);
    const { downloads } = await openIn(env, 'org/model');
    const file = shardOf(downloads);
    const lock = writeLock(file, JSON.stringify({ pid: process.pid, host: hostname() }));
    const stop = new AbortController();
    const waiting = download([file], { signal: stop.signal });
    stop.abort();
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
    expect(existsSync(lock)).toBe(true);
    expect(existsSync(blobPath(file))).toBe(false);
  });
});

describe('a download fails, leaving nothing under the name of the content,', () => {
  /** Answers the content server's whole-file requests with these bytes. */
  const serveInstead = (change: (content: Buffer) => Buffer, promised?: number) =>
    hub.intercept(({ server, path, range }, response) => {
      if (server !== 'cdn' || range !== undefined || !path.includes(shard)) return false;
      const sent = change(readFileSync(join(source, shard)));
      response.writeHead(200, promised === undefined ? {} : { 'content-length': promised });
      response.write(sent, () => (promised === undefined ? response.end() : response.destroy()));
      return true;
    });
  const flipped = (content: Buffer) => {
    content[content.length - 1] = (content.at(-1) ?? 0) ^ 1;
    return content;
  };

  test.each([
    ['when one bit is wrong', flipped, undefined, 'download-damaged', exitCodes.integrity],
    [
      'when it is longer',
      (content: Buffer) => Buffer.concat([content, content]),
      undefined,
      'download-damaged',
      exitCodes.integrity,
    ],
    ['when it ends early', (content: Buffer) => content.subarray(0, 1000), undefined, 'download-cut', exitCodes.failed],
    [
      'when the connection breaks',
      (content: Buffer) => content.subarray(0, 1000),
      360_080,
      'hub-unreachable',
      exitCodes.failed,
    ],
  ])('%s', async (_, change, promised, code, exitCode) => {
    const env = emptyCache(hub);
    const { downloads } = await openIn(env, 'org/model');
    serveInstead(change, promised);
    const failure = await failureOf(() => download(downloads));
    expect([failure.code, failure.exitCode]).toEqual([code, exitCode]);
    expect(existsSync(blobPath(shardOf(downloads)))).toBe(false);
    expect(existsSync(join(repositoryIn(env), 'refs/main'))).toBe(false);
    expect(leftovers(env)).toEqual([]);

    hub.intercept(null);
    await download(downloads);
    expect((await openIn({ ...env, HF_HUB_OFFLINE: '1' }, 'org/model')).downloads).toEqual([]);
  });

  test('when a small file is not what the listing says', async () => {
    const env = emptyCache(hub);
    const { downloads } = await openIn(env, 'org/model');
    hub.intercept(({ path, range }, response) => {
      if (!path.endsWith('/tokenizer.json') || range !== undefined) return false;
      response.writeHead(200).end('{"version":"2.0"}');
      return true;
    });
    const { code, message } = await failureOf(() => download(downloads));
    expect(code).toBe('download-damaged');
    expect(message).toContain('tokenizer.json of org/model');
  });

  test('when it stalls', async () => {
    const env = emptyCache(hub, { HF_HUB_DOWNLOAD_TIMEOUT: '0.3' });
    const { downloads } = await openIn(env, 'org/model');
    hub.intercept(({ server, range }, response) => {
      if (server !== 'cdn' || range !== undefined) return false;
      response.writeHead(200).write('x');
      return true;
    });
    expect((await failureOf(() => download(downloads))).code).toBe('hub-silent');
    expect(leftovers(env)).toEqual([]);
  });

  test('at once although another file is still on its way', { timeout: 20_000 }, async () => {
    const env = emptyCache(hub, { HF_HUB_DOWNLOAD_TIMEOUT: '600' });
    const { downloads } = await openIn(env, 'org/model');
    hub.intercept(({ path, range }, response) => {
      if (range !== undefined || !/safetensors$|safetensors\?/.test(path)) return false;
      const stalls = path.includes(shard);
      response.writeHead(200);
      if (stalls) response.write('x');
      else response.end('damaged');
      return true;
    });
    expect((await failureOf(() => download(downloads))).code).toBe('download-cut');
    expect(leftovers(env)).toEqual([]);
  });

  test('when it is stopped, at once', async () => {
    const env = emptyCache(hub);
    const { downloads } = await openIn(env, 'org/model');
    const stop = new AbortController();
    hub.intercept(({ server }, response) => {
      if (server !== 'cdn') return false;
      response.writeHead(200).write('x');
      stop.abort();
      return true;
    });
    await expect(download(downloads, { signal: stop.signal })).rejects.toMatchObject({ name: 'AbortError' });
    expect(leftovers(env)).toEqual([]);
  });

  test('when the cache cannot be written', async () => {
    const { downloads } = await openIn(emptyCache(hub), 'org/model');
    const notAFolder = join(temporaryFolder(), 'file');
    writeFileSync(notAFolder, '');
    const moved = downloads.map((file) => ({ ...file, folder: join(notAFolder, 'hub/models--org--model') }));
    const { exitCode, hint } = await failureOf(() => download(moved));
    expect(exitCode).toBe(exitCodes.noSpace);
    expect(hint).toContain('HF_HUB_CACHE');
  });

  test('before it begins when the disk is too small', async () => {
    const { downloads } = await openIn(emptyCache(hub), 'org/model');
    const before = contentRequests().length;
    const failure = await failureOf(() => download(downloads.map((file) => ({ ...file, bytes: 2 ** 52 }))));
    expect([failure.code, failure.exitCode]).toEqual(['no-space', exitCodes.noSpace]);
    expect(contentRequests()).toHaveLength(before);
  });
});
