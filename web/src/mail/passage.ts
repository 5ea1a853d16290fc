/** Opens a message at a passage, for the assistant's citations and for whatever else points into mail. */
import type { PassageRequest } from '../kernel/features';
import { t } from '../kernel/i18n.svelte';
import { jmap, JmapError } from '../kernel/jmap';
import { notices } from '../kernel/notices.svelte';
import { panel } from '../kernel/panel.svelte';
import { router } from '../kernel/router.svelte';
import type { Place } from './model';
import { ui } from './ui.svelte';
import { view } from './view.svelte';

export async function open({ accountId, objectId, part, quote, fileName, page }: PassageRequest): Promise<void> {
  type Got = { list: { threadId: string; mailboxIds: Record<string, true> }[] };
  const answer = await jmap.call<Got>('Email/get', { accountId, ids: [objectId], properties: ['threadId', 'mailboxIds'] }).catch((error: unknown) => (error instanceof JmapError && error.code === 'accountNotFound' ? 'closed' : null));
  if (answer === 'closed') return void notices.show(t('mail.notYours'), { tone: 'danger' });
  const email = answer?.list[0];
  if (!email) {
    notices.show(t(answer ? 'mail.gone' : 'ui.failed'), { tone: 'danger' });
    return;
  }
  ui.highlight = { emailId: objectId, part, fileName, quote, page, preview: true };
  if (matchMedia('(max-width: 1180px)').matches) panel.close(); // it would lie over what is opened
  router.go(view.url(placeOf(accountId, Object.keys(email.mailboxIds)), email.threadId));
}

/** The list shown beside it: the present one when the message is in it, else one of its mailboxes. */
function placeOf(account: string, boxes: string[]): Place {
  const { place } = view;
  if (place?.account === account && place.kind === 'mailbox' && boxes.includes(place.id)) return place;
  const away = [view.role('trash', account)?.id, view.role('junk', account)?.id];
  return { account, kind: 'mailbox', id: boxes.find((id) => !away.includes(id)) ?? boxes[0] ?? 'inbox' };
}
