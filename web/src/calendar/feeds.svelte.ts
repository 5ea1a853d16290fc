/** Calendars that follow an address elsewhere: when each was looked at, and what was wrong. */
import { t } from '../kernel/i18n.svelte';
import { jmap } from '../kernel/jmap';
import { notices } from '../kernel/notices.svelte';
import { data } from './data.svelte';
import { OWN } from './types';

export interface Feed {
  calendarId: string;
  url: string;
  refreshed: string | null;
  error: string | null;
  reason: 'refused' | 'unreachable' | 'tooLarge' | 'notCalendar' | null;
}

const FAULTS = { refused: 'calendar.feedRefused', unreachable: 'calendar.feedUnreachable', tooLarge: 'calendar.feedTooLarge', notCalendar: 'calendar.feedNotCalendar' } as const;

/** What is wrong with one and what to do, in the person's words; '' when nothing is. */
export function faultOf(feed: Feed | undefined): string {
  return feed?.error ? t(FAULTS[feed.reason ?? 'unreachable'] ?? FAULTS.unreachable) : '';
}

class Feeds {
  /** By calendar. Reactive. */
  list = $state.raw<Record<string, Feed>>({});

  async load(refresh?: string): Promise<void> {
    if (!data.home || !jmap.has(OWN)) return;
    const { list } = await jmap.call<{ list: Feed[] }>('Calendar/followed', { accountId: data.home, ...(refresh ? { refresh } : {}) });
    this.list = Object.fromEntries(list.map((feed) => [feed.calendarId, feed]));
  }

  /** Has one looked at now; what comes of it is told when the calendar is next read. */
  async again({ calendarId }: Feed): Promise<void> {
    try {
      await this.load(calendarId);
      notices.show(t('calendar.feedLooks'));
    } catch {
      notices.show(t('calendar.failedText'), { tone: 'danger' });
    }
  }
}

export const feeds = new Feeds();
