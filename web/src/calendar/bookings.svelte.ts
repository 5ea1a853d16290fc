/** The person's booking pages, as the server has them now, and who has booked. */
import { t } from '../kernel/i18n.svelte';
import { jmap } from '../kernel/jmap';
import { whyOf } from '../kernel/reasons';
import { notices } from '../kernel/notices.svelte';
import type { Booking, BookingPage } from './booking';
import { data } from './data.svelte';

class Bookings {
  /** Null until they are known. Reactive. */
  pages = $state.raw<BookingPage[] | null>(null);
  failed = $state(false);
  /** Who booked, by page. Reactive. */
  booked = $state.raw<Record<string, Booking[]>>({});

  async load(): Promise<void> {
    try {
      const { list } = await jmap.call<{ list: BookingPage[] }>('Calendar/bookingPages', { accountId: data.home });
      this.pages = list;
      this.failed = false;
      const batch = jmap.batch();
      const asked = list.map((page) => [page.id, batch.add<{ list: Booking[] }>('Calendar/bookings', { accountId: data.home, pageId: page.id })] as const);
      if (!asked.length) return;
      await batch.send();
      this.booked = Object.fromEntries(await Promise.all(asked.map(async ([id, call]) => [id, (await call.answer).list] as const)));
    } catch {
      this.failed = this.pages === null;
    }
  }

  /** Makes a page, or changes one that has an id. Answers with what was wrong, or nothing. */
  async save(page: Omit<BookingPage, 'id' | 'url'> & { id?: string; url?: string }): Promise<string> {
    const { url: _url, ...given } = page;
    try {
      const { page: saved } = await jmap.call<{ page: BookingPage }>('Calendar/openBookingPage', { accountId: data.home, ...given });
      this.put(saved);
      return '';
    } catch (error) {
      return whyOf(error, t('calendar.failedText'));
    }
  }

  /** Lets people book, or not for now; shown at once, and as it was when the server did not take it. */
  async pause(page: BookingPage, paused: boolean): Promise<void> {
    this.put({ ...page, paused });
    const fault = await this.save({ ...page, paused });
    if (!fault) return;
    this.put(page);
    notices.show(fault, { tone: 'danger' });
  }

  async remove(page: BookingPage): Promise<void> {
    try {
      const { list } = await jmap.call<{ list: BookingPage[] }>('Calendar/bookingPages', { accountId: data.home, destroy: page.id });
      this.pages = list;
      notices.show(t('calendar.bookDeleted', { name: page.title }));
    } catch (error) {
      notices.show(whyOf(error, t('calendar.failedText')), { tone: 'danger' });
    }
  }

  private put(page: BookingPage): void {
    const known = this.pages ?? [];
    this.pages = known.some((one) => one.id === page.id) ? known.map((one) => (one.id === page.id ? page : one)) : [...known, page];
  }
}

export const bookings = new Bookings();
