/** What is said of what others did to the person's events. */
import { t } from '../kernel/i18n.svelte';
import { jmap } from '../kernel/jmap';
import type { NewsWords } from '../kernel/news.svelte';
import { whatOf } from './happened';
import { open } from './passage';
import { CALENDARS, type CalendarEventNotification } from './types';

export const words: NewsWords<CalendarEventNotification> = {
  say: (one) => t(`calendar.news.${whatOf(one)}`, { name: one.changedBy.name, title: one.event?.title || t('calendar.untitled') }),
  open: ({ type, calendarEventId }) => (type === 'destroyed' ? undefined : () => void open({ kind: 'CalendarEvent', accountId: jmap.primary(CALENDARS), objectId: calendarEventId, part: '', quote: '', fileName: '' })),
};
