/** How an event looks and is read aloud. */
import { t } from '../kernel/i18n.svelte';
import { titleOf } from './actions';
import { data } from './data.svelte';
import type { Occurrence } from './occurrence';
import { invitation } from './people';
import { onlineOf, placeOf } from './places';
import { view } from './view.svelte';
import { whenOf } from './words';

export interface Look {
  hue: number;
  title: string;
  place: string;
  /** Not sure to happen, or not yet answered. */
  open: boolean;
  /** Declined or cancelled. */
  off: boolean;
  online: boolean;
  /** What is not written on it, for who hears it: when, where, in which calendar. */
  rest: string;
}

/** Reactive. */
export function lookOf(one: Occurrence): Look {
  const me = invitation(one, data.own(one.account));
  const title = titleOf(one);
  const off = one.status === 'cancelled' || me?.status === 'declined';
  const open = !off && (one.status === 'tentative' || me?.status === 'needs-action' || me?.status === 'tentative');
  const status = one.status === 'cancelled' ? t('calendar.isCancelled') : me?.status === 'declined' ? t('calendar.youDeclined') : me?.status === 'needs-action' ? t('calendar.notAnswered') : open ? t('calendar.isTentative') : '';
  const place = placeOf(one);
  const calendar = data.placeOf(one.account, one.event)?.calendar.name ?? '';
  return {
    hue: data.hue(one),
    title,
    place,
    open,
    off,
    online: onlineOf(one) !== '',
    rest: [whenOf(one, data.zone, view.today), place, calendar, status].filter(Boolean).join(', '),
  };
}
