/** The kinds of records the calendar works with: JMAP for Calendars, whose events are JSCalendar (RFC 8984). */
import type { Told } from '../kernel/news.svelte';
import { defineType } from '../kernel/store.svelte';
import type { RecurrenceRule } from '../kernel/time/rule';

export const CALENDARS = 'urn:ietf:params:jmap:calendars';
/** Methods of this server's own: files, followed calendars, links. */
export const OWN = 'urn:parvis:calendars';

export interface CalendarRights {
  mayReadFreeBusy: boolean;
  mayReadItems: boolean;
  mayWriteAll: boolean;
  mayWriteOwn: boolean;
  mayUpdatePrivate: boolean;
  mayRSVP: boolean;
  mayShare: boolean;
  mayDelete: boolean;
}

/** JMAP Calendars §4. */
export interface Calendar {
  id: string;
  name: string;
  description: string | null;
  color: string | null;
  sortOrder: number;
  isSubscribed: boolean;
  isVisible: boolean;
  isDefault: boolean;
  includeInAvailability: 'all' | 'attending' | 'none';
  defaultAlertsWithTime: Record<string, Alert> | null;
  defaultAlertsWithoutTime: Record<string, Alert> | null;
  timeZone: string | null;
  shareWith: Record<string, Partial<CalendarRights>> | null;
  myRights: CalendarRights;
}

/** RFC 8984 §4.5.2. */
export interface Alert {
  '@type'?: 'Alert';
  trigger: { '@type'?: 'OffsetTrigger'; offset: string; relativeTo?: 'start' | 'end' } | { '@type': 'AbsoluteTrigger'; when: string };
  action?: 'display' | 'email';
  acknowledged?: string;
}

export type Participation = 'needs-action' | 'accepted' | 'declined' | 'tentative' | 'delegated';

/** RFC 8984 §4.4.6, and where JMAP Calendars and the newer JSCalendar write the address. */
export interface Participant {
  '@type'?: 'Participant';
  name?: string;
  email?: string;
  description?: string;
  sendTo?: Record<string, string>;
  scheduleId?: string;
  calendarAddress?: string;
  kind?: string;
  roles: Record<string, boolean>;
  participationStatus?: Participation;
  participationComment?: string;
  expectReply?: boolean;
  delegatedTo?: Record<string, boolean>;
}

export interface Location {
  '@type'?: 'Location';
  name?: string;
  description?: string;
  coordinates?: string;
}

export interface VirtualLocation {
  '@type'?: 'VirtualLocation';
  name?: string;
  uri: string;
}

export interface Link {
  '@type'?: 'Link';
  href?: string;
  blobId?: string;
  rel?: string;
  title?: string;
  contentType?: string;
  size?: number;
}

/** What one occurrence has of its own: pointers without their first slash to values, or `excluded`. RFC 8984 §4.3.5 */
export type Override = Record<string, unknown> & { excluded?: boolean };

/** What an event and each of its occurrences say. */
export interface Details {
  title?: string;
  description?: string;
  start: string;
  timeZone?: string | null;
  duration?: string;
  showWithoutTime?: boolean;
  status?: 'confirmed' | 'cancelled' | 'tentative';
  freeBusyStatus?: 'busy' | 'free';
  privacy?: 'public' | 'private' | 'secret';
  color?: string | null;
  keywords?: Record<string, boolean> | null;
  locations?: Record<string, Location> | null;
  virtualLocations?: Record<string, VirtualLocation> | null;
  links?: Record<string, Link> | null;
  participants?: Record<string, Participant> | null;
  useDefaultAlerts?: boolean;
  alerts?: Record<string, Alert> | null;
}

/** JMAP Calendars §5. */
export interface CalendarEvent extends Details {
  id: string;
  '@type'?: 'Event';
  uid?: string;
  baseEventId?: string | null;
  calendarIds: Record<string, true>;
  isDraft?: boolean;
  isOrigin?: boolean;
  recurrenceId?: string | null;
  recurrenceIdTimeZone?: string | null;
  /** RFC 8984 has a list, the newer JSCalendar one rule. */
  recurrenceRules?: RecurrenceRule[] | null;
  recurrenceRule?: RecurrenceRule | null;
  excludedRecurrenceRules?: RecurrenceRule[] | null;
  recurrenceOverrides?: Record<string, Override | null> | null;
  relatedTo?: Record<string, { '@type'?: 'Relation'; relation?: Record<string, boolean> }> | null;
  replyTo?: Record<string, string> | null;
  organizerCalendarAddress?: string | null;
  sequence?: number;
  created?: string;
  updated?: string;
}

/** JMAP Calendars §3: an address by which the person takes part in events of an account. */
export interface ParticipantIdentity {
  id: string;
  name: string;
  scheduleId?: string;
  calendarAddress?: string;
  sendTo?: Record<string, string>;
  isDefault: boolean;
}

/** Another time that a guest proposes (RFC 5546 §3.2.7), or somebody who answered uninvited; of this server's own. */
export interface CalendarEventProposal {
  id: string;
  calendarEventId: string;
  recurrenceId: string | null;
  utcStart: string;
  utcEnd: string;
  comment: string;
  /** Not told of one that has just been made, which is one's own. */
  isMine?: boolean;
  isAccepted: boolean;
  /** What somebody answers who was not invited; null for another time. */
  participationStatus?: 'accepted' | 'tentative' | null;
  by?: { name: string; calendarAddress: string };
  created?: string;
}

/** What somebody else did to an event of one's own; it is as it was before, a new one as it is. draft-ietf-jmap-calendars §7 */
export interface CalendarEventNotification extends Told {
  type: 'created' | 'updated' | 'destroyed';
  calendarEventId: string;
  event: { title?: string; participants?: Record<string, unknown> | null } | null;
  eventPatch: Record<string, unknown> | null;
}

export const CalendarType = defineType<Calendar>({ name: 'Calendar', whole: true, capability: CALENDARS, set: { onDestroyRemoveEvents: true, sendSchedulingMessages: true } });
export const ParticipantIdentityType = defineType<ParticipantIdentity>({ name: 'ParticipantIdentity', whole: true, capability: CALENDARS });
export const CalendarEventType = defineType<CalendarEvent>({ name: 'CalendarEvent', follows: true, capability: CALENDARS, set: { sendSchedulingMessages: true } });
export const CalendarEventProposalType = defineType<CalendarEventProposal>({ name: 'CalendarEventProposal', whole: true, capability: OWN });
