import { notifications, requests } from '../protocol/messages.js';
import { protocolViolation } from './framing.js';

export type RequestName = keyof typeof requests;
export type RequestParams<Name extends RequestName> = ReturnType<(typeof requests)[Name]['params']['parse']>;
export type RequestResult<Name extends RequestName> = ReturnType<(typeof requests)[Name]['result']['parse']>;
export type NotificationName = keyof typeof notifications;
export type NotificationParams<Name extends NotificationName> = ReturnType<(typeof notifications)[Name]['parse']>;

export const notificationNames = Object.keys(notifications) as NotificationName[];

type Checked = {
  readonly data?: unknown;
  readonly error?: {
    readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[];
  };
};

const agreed = (what: string, { data, error }: Checked): unknown => {
  if (error === undefined) return data;
  const [issue] = error.issues;
  const path = issue?.path.map(String).join('.') || 'as a whole';
  throw protocolViolation(`The worker's ${what} is not as agreed: ${path}: ${issue?.message}.`, error);
};

/** What the worker answered, or a bug error that names the first field that is wrong. */
export const agreedResult = <Name extends RequestName>(name: Name, value: unknown): RequestResult<Name> =>
  agreed(`answer to "${name}"`, requests[name].result.safeParse(value)) as RequestResult<Name>;

/** What the worker told, or a bug error that names the first field that is wrong. */
export const agreedNotification = <Name extends NotificationName>(
  name: Name,
  value: unknown,
): NotificationParams<Name> =>
  agreed(`notification "${name}"`, notifications[name].safeParse(value)) as NotificationParams<Name>;
