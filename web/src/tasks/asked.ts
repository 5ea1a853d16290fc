/** Tasks that somebody was asked for: who asked, and what became of it. RFC 5546 §3.4 */
import { addressOf, type Principal } from '../kernel/principals';
import type { Participant, Task } from './types';

const bare = (address: string | null | undefined) => (address ?? '').replace(/^mailto:/i, '').toLowerCase();

function partOf(task: Task, address: string): Participant | undefined {
  return address ? Object.values(task.participants ?? {}).find((one) => bare(one.calendarAddress) === address) : undefined;
}

/** What somebody has answered who was asked; empty for who has the task in a list of their own anyway. */
export function answerOf(task: Task, who: Principal | undefined): string {
  const part = who && partOf(task, bare(addressOf(who)));
  if (part?.progress === 'completed') return 'completed';
  return part?.participationStatus ?? (part?.expectReply ? 'needs-action' : '');
}

/** Who has asked the owner of an account for a task: their name, or address; empty when it is the owner's own. */
export function askedBy(task: Task, owner: Principal | undefined): string {
  const organizer = bare(task.organizerCalendarAddress), mine = owner ? bare(addressOf(owner)) : '';
  if (!organizer || !mine || organizer === mine || !partOf(task, mine)) return '';
  return partOf(task, organizer)?.name || organizer;
}
