/** The people of an event: their addresses, however they are written, and what they have answered. Pure. */
import type { CalendarEvent, Details, Participant, ParticipantIdentity, Participation } from './types';

/** The address of someone who takes part, without `mailto:`; '' when there is none. */
export function addressOf(one: Pick<Participant, 'calendarAddress' | 'scheduleId' | 'sendTo'> & { email?: string }): string {
  const uri = one.calendarAddress ?? one.scheduleId ?? one.sendTo?.imip ?? one.email ?? '';
  return decode(uri.replace(/^mailto:/i, ''));
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export interface Guest {
  /** Its key in `participants`. */
  id: string;
  name: string;
  address: string;
  organiser: boolean;
  optional: boolean;
  /** A room or a thing, not a person. */
  resource: boolean;
  status: Participation;
  comment: string;
  /** It is the person who looks. */
  own: boolean;
}

/** Everybody who takes part, the organiser first. */
export function guestsOf(details: Pick<Details, 'participants'>, own: ReadonlySet<string>): Guest[] {
  return Object.entries(details.participants ?? {})
    .filter(([, one]) => one)
    .map(([id, one]) => {
      const address = addressOf(one);
      return {
        id,
        name: one.name || address || '?',
        address,
        organiser: !!one.roles?.owner,
        optional: !!one.roles?.optional,
        resource: one.kind === 'resource' || one.kind === 'location',
        status: one.participationStatus ?? 'needs-action',
        comment: one.participationComment ?? '',
        own: own.has(address.toLowerCase()),
      };
    })
    .sort((a, b) => Number(b.organiser) - Number(a.organiser) || a.name.localeCompare(b.name));
}

/** The person's own part in an event as a guest: what there is to answer; null for one's own events and for those one is not asked to. */
export function invitation(details: Pick<Details, 'participants'>, own: ReadonlySet<string>): Guest | null {
  const guests = guestsOf(details, own);
  const me = guests.find((guest) => guest.own && !guest.organiser);
  return me && guests.some((guest) => guest.organiser && !guest.own) ? me : null;
}

/** Whether the person may change what an event says: nobody organises it but they. */
export function organises(event: Pick<CalendarEvent, 'participants' | 'isOrigin'>, own: ReadonlySet<string>): boolean {
  const owners = guestsOf(event, own).filter((guest) => guest.organiser);
  return event.isOrigin ?? (!owners.length || owners.some((guest) => guest.own));
}

/** Participants for a record: the person as organiser, and those who are asked. What is known of somebody already stays. */
export function participantsOf(before: Record<string, Participant>, guests: { name: string; address: string; optional?: boolean; resource?: boolean }[], me: { name: string; address: string }): Record<string, Participant> | null {
  if (!guests.length) return null;
  const idOf = (address: string) => Object.keys(before).find((id) => addressOf(before[id]!).toLowerCase() === address.toLowerCase());
  const result: Record<string, Participant> = {};
  const owner = Object.keys(before).find((id) => before[id]!.roles?.owner);
  if (owner) result[owner] = before[owner]!;
  else result[idOf(me.address) ?? newId()] = { ...made(me.name, me.address), roles: { owner: true, attendee: true }, participationStatus: 'accepted' };
  for (const { name, address, optional, resource } of guests) {
    if (Object.values(result).some((one) => addressOf(one).toLowerCase() === address.toLowerCase())) continue;
    const id = idOf(address);
    const roles = { attendee: true, ...(optional ? { optional: true } : {}) };
    result[id ?? newId()] = id ? { ...before[id]!, roles: { ...before[id]!.roles, ...roles, ...(optional ? {} : { optional: false }) } } : { ...made(name, address, resource), roles, participationStatus: 'needs-action', expectReply: true };
    const kept = result[id ?? '']?.roles;
    if (kept && !optional) delete kept.optional;
  }
  return result;
}

function made(name: string, address: string, resource = false): Omit<Participant, 'roles'> {
  return { '@type': 'Participant', ...(name && name !== address ? { name } : {}), calendarAddress: `mailto:${address}`, kind: resource ? 'resource' : 'individual' };
}

function newId(): string {
  return crypto.randomUUID().slice(0, 8);
}

/** The address of the identity for new events. */
export function identityOf(identities: ParticipantIdentity[]): ParticipantIdentity | undefined {
  return identities.find((one) => one.isDefault) ?? identities[0];
}
