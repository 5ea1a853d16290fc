/** Brings a thing into a room, with a moment in which that is undone; and a message back into a mail. */
import { openCompose, type DiscussRequest } from '../kernel/features';
import { t } from '../kernel/i18n.svelte';
import { jmap } from '../kernel/jmap';
import { notices } from '../kernel/notices.svelte';
import { outbox as undoing, type Undoable } from '../kernel/outbox.svelte';
import { data } from './data.svelte';
import { outbox } from './outbox.svelte';
import { titleOf } from './people';
import { aboutThing, type Thing } from './things';
import { CHAT, type Pending, type RoomState } from './types';

const UNDO_MS = 6_000;

/** Which users in a room may not open the things of an account. */
export async function whoMayNot(room: RoomState, { accountId, kind }: DiscussRequest): Promise<string[]> {
  const answer = await jmap.call<{ mayNot: string[] }>('RoomEvent/readers', { accountId: jmap.primary(CHAT), roomId: room.id, of: accountId, kind });
  return answer.mayNot;
}

/** Says it in the room, after a time in which that can be undone; with a copy for all who are there when one is wished. */
export async function bring(room: RoomState, thing: DiscussRequest, { excerpt, words, copy }: { excerpt: string; words: string; copy: boolean }): Promise<void> {
  const link = `${location.origin}/mail?open=${encodeURIComponent(`${thing.accountId}~${thing.id}`)}`;
  const { blobId, name, type } = thing.file;
  const file = copy ? new File([await jmap.download(thing.file.accountId, blobId, name, type)], name, { type }) : null;
  const after = Date.now() + UNDO_MS;
  const sent: Pending[] = [outbox.send(room.id, 'm.room.message', aboutThing(thing, excerpt, words, link), { after })];
  if (file) sent.push(outbox.send(room.id, 'm.room.message', { msgtype: 'm.file', body: name, filename: name, info: { mimetype: type, size: file.size }, 'm.mentions': {} }, { file, after }));
  const back: Undoable = {
    undo: () => {
      const waiting = sent.filter(({ txn }) => data.pending.some((one) => one.txn === txn));
      for (const { txn } of waiting) outbox.drop(txn);
      return waiting.length > 0;
    },
  };
  undoing.remember(back);
  notices.show(t('chat.discussed', { room: titleOf(room, data.me) }), { stay: UNDO_MS, action: { label: t('ui.undo'), keys: 'Z', run: () => back.undo() } });
}

/** Whether the mail that is talked about can be answered from here: the person may open its account. */
export function mayAnswer(thing: Thing | null): thing is Thing {
  return !!thing && openCompose.provided && thing.account_id in (jmap.session?.accounts ?? {});
}

/** A mail that answers it, in its thread, with these words to begin with. */
export function answerByMail(thing: Thing, text = ''): void {
  void openCompose.open({ mode: 'replyAll', accountId: thing.account_id, emailId: thing.id, text });
}
