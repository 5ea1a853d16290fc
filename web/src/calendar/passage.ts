/** Opens an event that is cited or found elsewhere, and begins one that is asked for elsewhere. */
import type { EventRequest, PassageRequest } from '../kernel/features';
import { t } from '../kernel/i18n.svelte';
import { notices } from '../kernel/notices.svelte';
import { panel } from '../kernel/panel.svelte';
import { router } from '../kernel/router.svelte';
import { store } from '../kernel/store.svelte';
import { data } from './data.svelte';
import { begin as beginHere } from './doings';
import { wallsOf } from './layout';
import { nextOf } from './occurrence';
import { formatDay, MINUTE, parseLocal } from '../kernel/time/local';
import { CalendarEventType } from './types';
import { wallOf } from '../kernel/time/zone';

export async function open({ accountId, objectId }: PassageRequest): Promise<void> {
  if (store.entry(CalendarEventType, accountId, objectId).status === 'empty') await store.load(CalendarEventType, accountId, [objectId]);
  const event = store.peek(CalendarEventType, accountId, objectId);
  if (!event) {
    notices.show(t('shell.gone'), { tone: 'danger' });
    return;
  }
  if (matchMedia('(max-width: 1180px)').matches) panel.close(); // it would lie over what is opened
  const one = nextOf(accountId, event, Date.now(), data.zone);
  const day = formatDay(one ? wallsOf(one, data.zone).from : parseLocal(event.start));
  router.go(`/calendar/week/${day}?${new URLSearchParams({ event: one?.key ?? `${accountId}/${objectId}/` })}`);
}

export function begin({ title, description, people, start }: EventRequest): void {
  const from = start ? wallOf(Date.parse(start), data.zone) : null;
  beginHere({
    title, description,
    guests: people?.map(({ name, email }) => ({ name: name ?? '', address: email })),
    ...(from === null ? {} : { from, to: from + data.agenda.length * MINUTE, fixed: true }),
  });
}
