/** Why the server did not do something, in the person's language. */
import { t, type MessageKey } from './i18n.svelte';
import { JmapError } from './jmap';
import { capital } from './time/words';

const REASONS: Record<string, MessageKey> = {
  offline: 'ui.why.offline',
  serverUnavailable: 'ui.why.server',
  serverFail: 'ui.why.server',
  http: 'ui.why.server',
  limit: 'ui.why.server',
  forbidden: 'ui.why.forbidden',
  accountReadOnly: 'ui.why.forbidden',
  forbiddenFrom: 'ui.why.forbidden',
  forbiddenToSend: 'ui.why.forbidden',
  tooManyRecipients: 'ui.why.many',
  overQuota: 'ui.why.full',
  tooLarge: 'ui.why.tooLarge',
  requestTooLarge: 'ui.why.tooLarge',
  notFound: 'ui.why.gone',
  rateLimit: 'ui.why.often',
  alreadyExists: 'ui.why.there',
};

/** A piece of a sentence, to stand after a colon: by the kind of the error, else what the server says of it. */
export function reasonOf(error: unknown): string {
  const key = error instanceof JmapError ? REASONS[error.code] : undefined;
  return key ? t(key) : error instanceof Error ? error.message : String(error);
}

/** The same as a sentence, of what was wrong with what was asked; `otherwise` when asking again later may succeed. */
export function whyOf(error: unknown, otherwise: string): string {
  return error instanceof JmapError && !error.passing ? capital(reasonOf(error)) : otherwise;
}
