/** The calendars of all accounts and what happens in them, from the store; what is looked at is fetched. */
import { accounts, type MailAccount } from '../kernel/accounts.svelte';
import { jmap } from '../kernel/jmap';
import { preferences } from '../kernel/preferences.svelte';
import { signedIn } from '../kernel/session.svelte';
import { Span } from '../kernel/span.svelte';
import { link } from '../kernel/start.svelte';
import { store } from '../kernel/store.svelte';
import { distinctHues, hueOfColour } from '../ui/colour';
import { byTime, occurrencesOf, type Occurrence } from './occurrence';
import { addressOf, identityOf } from './people';
import { OWN, CalendarEventType, CALENDARS, CalendarType, ParticipantIdentityType, type Calendar, type CalendarEvent, type CalendarRights, type ParticipantIdentity } from './types';
import { DAY } from '../kernel/time/local';
import { ownZone } from '../kernel/time/zone';

/** A calendar with whose it is and how it is drawn. */
export interface Place {
  /** Unlike any other: the account and the calendar. */
  key: string;
  account: string;
  calendar: Calendar;
  hue: number;
  /** The person's own. */
  own: boolean;
  /** Whose it is, when it is another's. */
  owner: string;
}

/** Rights in a calendar that has just been made, until the server tells them. */
const OWNER: CalendarRights = { mayReadFreeBusy: true, mayReadItems: true, mayWriteAll: true, mayWriteOwn: true, mayUpdatePrivate: true, mayRSVP: true, mayShare: true, mayDelete: true };

class CalendarData {
  private readonly spans = new Map<string, Span<CalendarEvent>>();

  /** Where the person is. */
  readonly zone = ownZone();

  /** The person's own account of calendars, '' when there is none. Reactive. */
  get home(): string {
    return link.session?.primaryAccounts[CALENDARS] ?? '';
  }

  /** Accounts with calendars, the person's own first. Reactive. */
  get accounts(): MailAccount[] {
    return accounts.holding(CALENDARS);
  }

  /** All calendars the person has or follows. Reactive. */
  readonly places: Place[] = $derived.by(() => {
    const found = this.accounts.flatMap(({ id, short, own }) =>
      store
        .list(CalendarType, id)
        .toSorted((a, b) => a.sortOrder - b.sortOrder || Number(b.isDefault) - Number(a.isDefault) || a.name.localeCompare(b.name))
        .map((calendar) => (calendar.myRights ? calendar : { ...calendar, myRights: OWNER }))
        .map((calendar) => ({ key: `${id}/${calendar.id}`, account: id, calendar, own, owner: own ? '' : short })),
    );
    const hues = distinctHues(found.map(({ key, calendar }) => ({ colour: calendar.color, seed: key })));
    return found.map((place, at) => ({ ...place, hue: hues[at]! }));
  });

  /** Whether the calendars are known. Reactive. */
  get ready(): boolean {
    return this.accounts.length > 0 && store.complete(CalendarType, this.home || this.accounts[0]!.id);
  }

  private readonly byKey = $derived(new Map(this.places.map((place) => [place.key, place])));

  place(account: string, id: string | undefined): Place | undefined {
    return id === undefined ? undefined : this.byKey.get(`${account}/${id}`);
  }

  /** The calendar an event is drawn as: the first of its that is shown. Reactive. */
  placeOf(account: string, event: Pick<CalendarEvent, 'calendarIds'>, shows = isShown): Place | undefined {
    const places = Object.keys(event.calendarIds ?? {}).map((id) => this.place(account, id)).filter((place) => place !== undefined);
    return places.find(shows) ?? places[0];
  }

  /** Calendars one may put events into, the one for new events first. Reactive. */
  get writable(): Place[] {
    return this.places
      .filter(({ calendar }) => calendar.isSubscribed !== false && (calendar.myRights.mayWriteAll || calendar.myRights.mayWriteOwn))
      .toSorted((a, b) => Number(b.own && b.calendar.isDefault) - Number(a.own && a.calendar.isDefault) || Number(b.own) - Number(a.own));
  }

  /** Everything shown from `from` to before `to` (milliseconds since 1970), in order; `shows` tells of which calendars. Reactive. */
  occurrences(from: number, to: number, shows = isShown): Occurrence[] {
    const found: Occurrence[] = [];
    for (const { id } of this.accounts) {
      const events = store.list(CalendarEventType, id);
      const known = events.some(isNew) ? new Set(events.filter((event) => !isNew(event)).map((event) => event.uid)) : null;
      for (const event of events) {
        if (known?.has(event.uid) && isNew(event)) continue; // the server has it, its answer is on the way
        const place = this.placeOf(id, event, shows);
        if (place && shows(place) && !event.baseEventId) found.push(...occurrencesOf(id, event, from, to, this.zone));
      }
    }
    return found.sort(byTime);
  }

  /** The hue of an event: its own colour's, else its calendar's. Reactive. */
  hue(one: Occurrence): number {
    const place = this.placeOf(one.account, one.event);
    return one.color ? hueOfColour(one.color, one.key) : (place?.hue ?? 210);
  }

  /** Sees to it that what is looked at is here, and what one may go on to. */
  look(from: number, to: number): void {
    const around = to - from;
    for (const { id } of this.accounts) void this.span(id).look(from - around, to + around);
  }

  /** Settles when what happens around a moment in one's own calendars is here, or could not be had. */
  async near(at: number): Promise<void> {
    if (this.home) await this.span(this.home).look(at - DAY, at + DAY);
  }

  private span(account: string): Span<CalendarEvent> {
    let span = this.spans.get(account);
    if (!span) this.spans.set(account, (span = new Span(CalendarEventType, account)));
    return span;
  }

  /** `failed` when nothing can be said of what is looked at in one's own account. Reactive. */
  get status(): 'loading' | 'ready' | 'failed' {
    return this.home && this.spans.has(this.home) ? this.span(this.home).status : 'loading';
  }

  /** Forgets the spans (sign-out). */
  close(): void {
    for (const span of this.spans.values()) span.close();
    this.spans.clear();
  }

  identities(account: string): ParticipantIdentity[] {
    return store.list(ParticipantIdentityType, account);
  }

  /** Addresses by which the person takes part in events of an account, in lower case. Reactive. */
  own(account: string): Set<string> {
    const known = [...this.identities(account), ...(account === this.home ? [] : this.identities(this.home))].map(addressOf);
    const address = signedIn.person?.address ?? '';
    return new Set([...known, address].map((one) => one.toLowerCase()).filter(Boolean));
  }

  /** Who the person is in events of an account. Reactive. */
  me(account: string): { name: string; address: string } {
    const identity = identityOf(this.identities(account)) ?? identityOf(this.identities(this.home));
    return { name: identity?.name || signedIn.person?.name || '', address: (identity && addressOf(identity)) || signedIn.person?.address || '' };
  }

  /** Whether it can be asked when others are free. */
  get finds(): boolean {
    return jmap.has(OWN);
  }

  get agenda() {
    return preferences.value.agenda;
  }
}

/** Whether it has no id of the server's yet. */
function isNew({ id }: CalendarEvent): boolean {
  return id.startsWith('new');
}

/** Whether what is in a calendar is drawn. */
export function isShown({ calendar }: Place): boolean {
  return calendar.isSubscribed !== false && calendar.isVisible !== false && calendar.myRights.mayReadItems !== false;
}

export const data = new CalendarData();
