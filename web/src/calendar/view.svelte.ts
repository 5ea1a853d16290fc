/** What the calendar's screen shows now: which days, in which form, and the event that is open. The address is the source. */
import { untrack } from 'svelte';
import { t } from '../kernel/i18n.svelte';
import { preferences, type Agenda } from '../kernel/preferences.svelte';
import { path, router } from '../kernel/router.svelte';
import { store } from '../kernel/store.svelte';
import { data, isShown, type Place } from './data.svelte';
import { addMonths, DAY, formatDay, parseLocal, startOfDay, startOfMonth, startOfWeek, WEEK } from '../kernel/time/local';
import type { Occurrence } from './occurrence';
import { CalendarType } from './types';
import { instantOf, todayIn, wallOf } from '../kernel/time/zone';
import { capital, dayName, wallFormat } from '../kernel/time/words';

export type Mode = Agenda['view'];
export const MODES: readonly Mode[] = ['day', 'workweek', 'week', 'month', 'agenda'];
/** Days that the list of what is to come goes on for at first, and with each asking for more. */
const AHEAD = 30;
const NARROW = '(max-width: 760px)';

class CalendarView {
  /** This moment on the person's wall, told anew each half minute. Reactive. */
  now = $state(wallOf(Date.now(), data.zone));
  mode = $state<Mode>('week');
  /** A day in what is shown: a midnight on the wall. */
  day = $state(todayIn(data.zone));
  /** Days of the list. */
  ahead = $state(AHEAD);
  /** What is sought, when something is. */
  sought = $state<string | null>(null);
  /** Whether there is room for a few days only. Reactive. */
  narrow = $state(matchMedia(NARROW).matches);
  private timer: ReturnType<typeof setInterval> | undefined;

  /** Call inside an effect of the screen; ends with it. */
  begin(): () => void {
    this.timer = setInterval(() => (this.now = wallOf(Date.now(), data.zone)), 30_000);
    this.now = wallOf(Date.now(), data.zone);
    const media = matchMedia(NARROW);
    const changed = () => (this.narrow = media.matches);
    changed();
    media.addEventListener('change', changed);
    return () => {
      clearInterval(this.timer);
      media.removeEventListener('change', changed);
    };
  }

  get today(): number {
    return startOfDay(this.now);
  }

  /** Whether the booking pages are shown instead of days. Reactive. */
  get booking(): boolean {
    return router.parts[0] === 'calendar' && router.parts[1] === 'booking';
  }

  /** Follows the address; call inside an effect. */
  follow(): void {
    const [feature, name, day] = router.parts;
    const usual = preferences.value.agenda.view;
    if (feature !== 'calendar' || name === 'booking') return;
    const sought = name === 'search' ? (router.query.get('q') ?? '') : null;
    untrack(() => {
      this.sought = sought;
      if (sought !== null) return;
      const mode = MODES.find((one) => one === name) ?? (this.narrow && usual !== 'month' && usual !== 'agenda' ? 'day' : usual);
      const wall = day ? parseLocal(day) : NaN;
      this.mode = mode;
      this.day = Number.isNaN(wall) ? this.today : startOfDay(wall);
      this.ahead = AHEAD;
    });
  }

  /** Has everything fetched that is shown; call inside an effect. */
  fetch(): void {
    const { from, to } = this.range;
    data.look(from, to);
  }

  get weekStart(): number {
    return preferences.value.agenda.weekStart;
  }

  /** The days in view: midnights on the wall. Reactive. */
  readonly days: number[] = $derived.by(() => {
    const { workdays } = preferences.value.agenda;
    if (this.mode === 'day') return [this.day];
    if (this.mode === 'agenda') return Array.from({ length: this.ahead }, (_none, n) => this.day + n * DAY);
    if (this.mode === 'month') {
      const first = startOfWeek(startOfMonth(this.day), this.weekStart);
      const last = startOfWeek(addMonths(startOfMonth(this.day), 1) - DAY, this.weekStart) + WEEK;
      return Array.from({ length: (last - first) / DAY }, (_none, n) => first + n * DAY);
    }
    if (this.narrow) return [0, 1, 2].map((n) => this.day + n * DAY);
    const week = Array.from({ length: 7 }, (_none, n) => startOfWeek(this.day, this.weekStart) + n * DAY);
    return this.mode === 'workweek' && workdays.length ? week.filter((day) => workdays.includes((((day / DAY + 3) % 7) + 7) % 7)) : week;
  });

  /** The time in view, as instants. Reactive. */
  get range(): { from: number; to: number } {
    return { from: instantOf(this.days[0]!, data.zone), to: instantOf(this.days.at(-1)! + DAY, data.zone) };
  }

  readonly occurrences: Occurrence[] = $derived.by(() => {
    const { from, to } = this.range;
    return data.occurrences(from, to, this.shows);
  });

  /** The calendars that the address asks for alone: keys of theirs, or accounts, whose calendars are all meant. Reactive. */
  private readonly asked = $derived(router.parts[0] === 'calendar' ? (router.query.get('of') ?? '').split(',').filter(Boolean) : []);

  /** Keys of the calendars that are shown alone, whichever are shown else; null when none is singled out. Reactive. */
  readonly only: Set<string> | null = $derived.by(() => {
    const found = data.places.filter(({ key, account }) => this.asked.includes(key) || this.asked.includes(account)).map(({ key }) => key);
    const awaited = data.accounts.some(({ id }) => this.asked.some((one) => one.split('/')[0] === id) && !store.complete(CalendarType, id));
    return found.length || awaited ? new Set(found) : null;
  });

  /** What is shown alone is called so. Reactive. */
  get onlyName(): string {
    const { owner, account, calendar } = data.places.find(({ key }) => this.only?.has(key)) ?? {};
    if (!calendar || !this.only) return '';
    if (this.asked.length === 1 && this.asked[0] === account) return owner || calendar.name;
    return this.only.size === 1 ? calendar.name : t('calendar.count', { count: this.only.size });
  }

  /** Whether what is in a calendar is drawn on this screen. Reactive. */
  readonly shows = (place: Place): boolean => (this.only ? this.only.has(place.key) && place.calendar.myRights.mayReadItems !== false : isShown(place));

  /** The calendar that new events are for at first. Reactive. */
  get first(): Place | undefined {
    return (this.only && data.writable.find(this.shows)) || data.writable[0];
  }

  /** Shows some calendars alone (keys of theirs), or again those that are shown else. */
  showOnly(keys: string[] | null): void {
    router.go(this.url(this.mode, this.day, keys ?? []));
  }

  /** What the days in view are called. Reactive. */
  get title(): string {
    const [first, last] = [this.days[0]!, this.days.at(-1)!];
    if (this.mode === 'month') return capital(wallFormat({ month: 'long', year: 'numeric' }).format(this.day));
    if (this.mode === 'day') return capital(dayName(first, this.today));
    if (this.mode === 'agenda') return capital(dayName(first, this.today));
    const year = new Date(last).getUTCFullYear() !== new Date(this.today).getUTCFullYear();
    return capital(wallFormat({ day: 'numeric', month: 'long', ...(year ? { year: 'numeric' } : {}) }).formatRange(first, last));
  }

  /** The same for narrow screens. Reactive. */
  get shortTitle(): string {
    if (this.mode === 'month') return capital(wallFormat({ month: 'short', year: 'numeric' }).format(this.day));
    if (this.mode === 'day' || this.mode === 'agenda') return capital(dayName(this.days[0]!, this.today, 'short'));
    return capital(wallFormat({ day: 'numeric', month: 'short' }).formatRange(this.days[0]!, this.days.at(-1)!));
  }

  /** The event whose card is open, by its key. Reactive. */
  get opened(): string | null {
    return router.parts[0] === 'calendar' ? router.query.get('event') : null;
  }

  url(mode: Mode, day: number, of = this.asked): string {
    return path('calendar', mode, formatDay(day)) + queryOf({ of: of.join() });
  }

  /** The address of what is sought. */
  searchUrl(text: string): string {
    return path('calendar', 'search') + queryOf({ of: this.asked.join(), q: text });
  }

  go(day: number, mode: Mode = this.mode): void {
    router.go(this.url(mode, day));
  }

  setMode(mode: Mode): void {
    preferences.set({ agenda: { ...preferences.value.agenda, view: mode } });
    this.go(this.day, mode);
  }

  /** Goes on, or back, by what is in view. */
  shift(by: 1 | -1): void {
    const week = this.narrow ? 3 : 7;
    const step = { day: 1, workweek: week, week, month: 0, agenda: AHEAD }[this.mode];
    this.go(this.mode === 'month' ? addMonths(startOfMonth(this.day), by) : this.day + by * step * DAY);
  }

  /** Opens the card of an event, on the day it is. */
  open(one: Pick<Occurrence, 'key'>): void {
    router.go(location.pathname + queryOf({ of: this.asked.join(), q: this.sought ?? '', event: one.key }));
  }

  close(): void {
    if (this.opened) router.go(location.pathname + queryOf({ of: this.asked.join(), q: this.sought ?? '' }), { replace: true });
  }
}

/** The query of an address, of what is not empty. */
function queryOf(fields: Record<string, string>): string {
  const given = Object.entries(fields).filter(([, text]) => text);
  return given.length ? `?${new URLSearchParams(given)}` : '';
}

export const view = new CalendarView();
