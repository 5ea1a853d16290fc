/** Other times that guests propose, and who answered uninvited: taken or declined by who organises. RFC 5546 §3.2.7, §3.2.8 */
import { t } from '../kernel/i18n.svelte';
import { notices } from '../kernel/notices.svelte';
import { outbox } from '../kernel/outbox.svelte';
import { store } from '../kernel/store.svelte';
import type { Occurrence } from './occurrence';
import { addressOf } from './people';
import { CalendarEventProposalType, type CalendarEventProposal } from './types';

/** The proposals for an occurrence that wait: all of them for who organises, one's own for a guest. Reactive. */
export function proposalsFor(one: Occurrence): CalendarEventProposal[] {
  return waiting(store.list(CalendarEventProposalType, one.account), one);
}

/** Those of a list that are about an occurrence, the oldest first. Pure. */
export function waiting(all: CalendarEventProposal[], one: Pick<Occurrence, 'event' | 'recurrenceId'>): CalendarEventProposal[] {
  return all
    .filter((each) => !each.isAccepted && each.calendarEventId === one.event.id && (!each.recurrenceId || each.recurrenceId === one.recurrenceId))
    .sort((a, b) => (a.created ?? '').localeCompare(b.created ?? ''));
}

const utc = (at: number) => `${new Date(at).toISOString().slice(0, 19)}Z`;

export function propose(one: Occurrence, from: number, to: number, comment: string): void {
  outbox.create(CalendarEventProposalType, one.account, {
    calendarEventId: one.event.id, recurrenceId: one.recurrenceId, utcStart: utc(from), utcEnd: utc(to), comment, isAccepted: false,
  });
}

/** Who proposes. */
export function proposer({ by }: CalendarEventProposal): string {
  return by?.name || (by ? addressOf({ calendarAddress: by.calendarAddress }) : '');
}

/** Takes a proposal: the event is put there, or has one guest more, and everybody hears of it. */
export function take(account: string, proposal: CalendarEventProposal): void {
  outbox.update(CalendarEventProposalType, account, { [proposal.id]: { isAccepted: true } }, { undoable: false });
  notices.show(proposal.participationStatus ? t('calendar.guestAdded', { name: proposer(proposal) }) : t('calendar.proposalTaken'));
}

/** Declines one, or forgets one's own; for a moment it can be had back. */
export function decline(account: string, { id, isMine, participationStatus }: CalendarEventProposal): void {
  const action = outbox.destroy(CalendarEventProposalType, account, [id], { hold: 7_500 });
  const said = participationStatus ? 'calendar.guestIgnored' : isMine !== false ? 'calendar.proposalForgotten' : 'calendar.proposalDeclined';
  notices.show(t(said), { action: { label: t('ui.undo'), keys: 'Z', run: () => action.undo() } });
}
