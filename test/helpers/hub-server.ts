import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/** A request as one of the two servers saw it. */
export type SeenRequest = {
  readonly server: 'hub' | 'cdn';
  readonly method: string;
  readonly path: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
};

export type PublishOptions = {
  /** Branches and tags beside `main`, all of the same commit. */
  readonly revisions?: readonly string[];
  /** Who may read: everybody, `members` alone, or everybody but files only for `members`. */
  readonly access?: 'open' | 'private' | 'gated';
  /** Tokens that give access to a private or gated repository. */
  readonly members?: readonly string[];
};

type Published = Required<PublishOptions> & { readonly folder: string; readonly commit: string };

type Reply = {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | number>>;
  readonly body?: string | Buffer;
};

/** Takes over a request by answering it and returning true. */
export type Intercept = (request: SeenRequest, response: ServerResponse) => boolean;

export type HubServer = {
  /** Address for HF_ENDPOINT. */
  readonly endpoint: string;
  /** All requests so far. */
  readonly seen: SeenRequest[];
  /** Serves a folder as a repository and gives its commit; publishing again moves its branches. */
  readonly publish: (repository: string, folder: string, options?: PublishOptions) => string;
  /** Asked first about every request; null to stop. */
  readonly intercept: (intercept: Intercept | null) => void;
};

const sha1 = (...parts: (string | Buffer)[]): string =>
  parts.reduce((hash, part) => hash.update(part), createHash('sha1')).digest('hex');
const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('hex');

const isLarge = (name: string): boolean => /\.(safetensors|bin|model)$/.test(name);

const hashOf = (name: string, content: Buffer): string =>
  isLarge(name) ? sha256(content) : sha1(`blob ${content.length}\0`, content);

const refuse = (status: number, code: string | null, message: string): Reply => ({
  status,
  headers: { 'content-type': 'application/json', ...(code === null ? {} : { 'x-error-code': code }) },
  body: JSON.stringify({ error: message }),
});

/** What the Hub answers to somebody without access, or undefined where there is access. */
const refusalFor = (published: Published | undefined, token: string | undefined, file: boolean): Reply | undefined => {
  const member = token !== undefined && (published?.members.includes(token) ?? false);
  if (token === 'hf_expired') return refuse(401, null, 'Invalid credentials in Authorization header');
  if (published === undefined || (published.access === 'private' && !member)) {
    return refuse(token === undefined ? 401 : 404, 'RepoNotFound', 'Repository not found');
  }
  if (published.access !== 'gated' || member || !file) return undefined;
  return refuse(token === undefined ? 401 : 403, 'GatedRepo', 'Access to this model is restricted');
};

/** A file, or the range of it that is asked for. */
const contentReply = (content: Buffer, range: string | undefined, headers: Reply['headers'] = {}): Reply => {
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? [];
  if (first === undefined) {
    return { status: 200, headers: { 'content-length': content.length, ...headers }, body: content };
  }
  const end = last ? Math.min(Number(last) + 1, content.length) : content.length;
  const body = content.subarray(Number(first), end);
  const contentRange = `bytes ${first}-${end - 1}/${content.length}`;
  return { status: 206, headers: { 'content-length': body.length, 'content-range': contentRange, ...headers }, body };
};

const jsonReply = (value: unknown, headers: Reply['headers'] = {}): Reply => ({
  status: 200,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(value),
});

/** A folder of a repository as the Hub lists it; `inside` is its path in the repository. */
export const listing = ({ folder }: { readonly folder: string }, inside = '') =>
  readdirSync(join(folder, inside), { withFileTypes: true }).map((entry) => {
    const path = inside === '' ? entry.name : `${inside}/${entry.name}`;
    if (entry.isDirectory()) return { type: 'directory', path, size: 0, oid: sha1(path) };
    const content = readFileSync(join(folder, path));
    const file = {
      type: 'file',
      path,
      size: content.length,
      oid: sha1(`blob ${content.length}\0`, content),
    };
    if (!isLarge(entry.name)) return file;
    return { ...file, lfs: { oid: sha256(content), size: content.length, pointerSize: 130 } };
  });

/** Entries on one page of a listing, few so that tests turn pages. */
const pageSize = 4;

const listen = async (server: Server): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  afterAll(() => void server.closeAllConnections());
  afterAll(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return (server.address() as AddressInfo).port;
};

/** Starts a Hub for one test file, with a content server under another host name, and stops both after the tests. */
export const startHub = async (): Promise<HubServer> => {
  const repositories = new Map<string, Published>();
  const seen: SeenRequest[] = [];
  let intercept: Intercept | null = null;
  let cdn = '';
  let endpoint = '';

  const note = (server: SeenRequest['server'], { method = '', url = '', headers }: IncomingMessage): SeenRequest => {
    const request = { server, method, path: url, range: headers.range, authorization: headers.authorization };
    seen.push(request);
    return request;
  };

  const commitOf = ({ commit, revisions }: Published, revision: string): string | undefined =>
    [commit, 'main', ...revisions].includes(revision) ? commit : undefined;

  const listingReply = (published: Published, inside: string, url: URL): Reply => {
    const start = Number(url.searchParams.get('cursor') ?? 0);
    const entries = listing(published, inside);
    const next = new URL(url);
    next.searchParams.set('cursor', String(start + pageSize));
    const link: Reply['headers'] = start + pageSize < entries.length ? { link: `<${next}>; rel="next"` } : {};
    return jsonReply(entries.slice(start, start + pageSize), link);
  };

  const fileReply = ({ folder, commit }: Published, repository: string, file: string, range?: string): Reply => {
    if (!readdirSync(folder, { recursive: true, encoding: 'utf8' }).includes(file))
      return refuse(404, 'EntryNotFound', 'Entry not found');
    const content = readFileSync(join(folder, file));
    const hash = hashOf(file, content);
    const common = { 'x-repo-commit': commit, etag: `"${hash}"`, 'accept-ranges': 'bytes' };
    if (!isLarge(file)) return contentReply(content, range, common);
    const location = `${cdn}/${repository}/${encodeURIComponent(file)}?signature=x`;
    const linked = { 'x-linked-etag': `"${hash}"`, 'x-linked-size': content.length };
    return { status: 302, headers: { ...common, ...linked, location } };
  };

  const answerHub = ({ path: asked, authorization, range }: SeenRequest): Reply => {
    const url = new URL(asked, endpoint);
    const parts = url.pathname.slice(1).split('/').map(decodeURIComponent);
    const isApi = parts[0] === 'api';
    const [org = '', name = '', verb = '', revision = '', ...path] = isApi ? parts.slice(2) : parts;
    const file = path.join('/');
    const published = repositories.get(`${org}/${name}`);
    const refused = refusalFor(published, authorization?.replace(/^Bearer /, ''), !isApi);
    if (refused !== undefined || published === undefined) return refused ?? refuse(500, null, 'unreachable');
    const commit = commitOf(published, revision);
    if (commit === undefined) return refuse(404, 'RevisionNotFound', `Invalid rev id: ${revision}`);
    if (verb === 'resolve') return fileReply(published, `${org}/${name}`, file, range);
    if (verb === 'tree') return listingReply(published, file, url);
    return jsonReply({ _id: '1', id: `${org}/${name}`, sha: commit, lastModified: '2024-01-01T00:00:00Z' });
  };

  const answerCdn = ({ path, range }: SeenRequest): Reply => {
    const [org, name, file = ''] = new URL(path, cdn).pathname.slice(1).split('/');
    const folder = repositories.get(`${org}/${name}`)?.folder ?? '';
    return contentReply(readFileSync(join(folder, decodeURIComponent(file))), range);
  };

  const serve = (server: SeenRequest['server'], answer: (request: SeenRequest) => Reply) =>
    createServer((incoming, response) => {
      const request = note(server, incoming);
      if (intercept?.(request, response)) return;
      const { status, headers = {}, body = '' } = answer(request);
      response.writeHead(status, headers).end(body);
    });

  cdn = `http://localhost:${await listen(serve('cdn', answerCdn))}`;
  endpoint = `http://127.0.0.1:${await listen(serve('hub', answerHub))}`;
  return {
    endpoint,
    seen,
    publish: (repository, folder, { revisions = [], access = 'open', members = [] } = {}) => {
      const commit = sha1(repository, JSON.stringify(listing({ folder })));
      repositories.set(repository, { folder, commit, revisions, access, members });
      return commit;
    },
    intercept: (taken) => {
      intercept = taken;
    },
  };
};
