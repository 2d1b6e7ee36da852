import { UserError } from '../errors.js';
import { printable } from '../format.js';

/** What `amalgam_worker.live.invoke` writes. */
type LiveReply =
  | { readonly value: unknown }
  | { readonly error: { readonly type: string; readonly message: string; readonly traceback: string } };

/** The value in the reply to a call of `name`; throws what Python raised, its traceback as the cause's stack. */
export const liveReply = (name: string, text: string): unknown => {
  const reply = JSON.parse(text) as LiveReply;
  if ('value' in reply) return reply.value;
  const { type, message, traceback } = reply.error;
  const cause = new Error(message);
  cause.stack = printable(traceback);
  throw new UserError({ code: 'python-raised', message: printable(`${name}: ${type}: ${message}`), cause });
};
