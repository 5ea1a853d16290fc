/** Why the server did not do something, in the reader's words. */
import { t, type MessageKey } from '../kernel/i18n.svelte';
import type { MatrixError } from './matrix';

/** By the code of the answer (Matrix v1.19 Client-Server §Standard error response). */
const WHY: Record<string, MessageKey> = {
  M_FORBIDDEN: 'chat.why.forbidden',
  M_NOT_FOUND: 'chat.why.notFound',
  M_TOO_LARGE: 'ui.why.tooLarge',
  M_LIMIT_EXCEEDED: 'chat.why.tooMuch',
};

/** A sentence without its end, to stand after a colon. */
export function whyNot(error: Pick<MatrixError, 'code' | 'status' | 'message'>): string {
  if (error.code === 'offline') return t('ui.why.offline');
  const key = error.status === 413 ? 'ui.why.tooLarge' : error.status >= 500 ? 'chat.why.server' : WHY[error.code];
  return key ? t(key) : error.message;
}
