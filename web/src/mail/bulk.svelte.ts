/**
 * One change of everything a list holds, be it a hundred thousand messages: found first, then changed page by
 * page, with how far it is, a way to stop, and undo for what was done. What is loaded follows by push.
 */
import { t } from '../kernel/i18n.svelte';
import { jmap, type Arguments } from '../kernel/jmap';
import { notices } from '../kernel/notices.svelte';
import { outbox } from '../kernel/outbox.svelte';
import { invertPatch, type Patch } from '../kernel/patch';
import { sync } from '../kernel/sync';
import type { Deed, Filed } from './actions';
import { conversations } from './model';
import { EmailType, MailboxType } from './types';

/** Milliseconds in which what is to be destroyed can be kept. */
const HOLD = 7_500;

type Changes = [id: string, patch: Patch][];
/** What was done in an account, and how to take it back. */
interface Done {
  account: string;
  count: number;
  back: Changes;
}
interface Answer {
  notUpdated?: Record<string, unknown> | null;
  notDestroyed?: Record<string, unknown> | null;
}

interface Job {
  account: string;
  filter: Arguments;
  deed: Deed;
}

class Bulk {
  /** Messages done and to be done; null when nothing runs. */
  progress = $state.raw<{ done: number; total: number } | null>(null);
  private stopped = false;

  /** Does in each account a deed to all messages under a filter. */
  async run(jobs: Job[]): Promise<void> {
    await this.alone(async () => {
      const done: Done[] = [];
      for (const job of jobs) done.push(await this.one(job));
      const count = done.reduce((all, one) => all + one.count, 0);
      if (jobs[0]) this.tell(t(jobs[0].deed.told, { count, ...jobs[0].deed.holes }), done);
    });
  }

  private async one({ account, filter, deed }: Job): Promise<Done> {
    const found = await this.find(account, filter);
    const wanted = found.map((email) => [email, deed.patch(email)] as const).filter((pair): pair is [Filed, Patch] => pair[1] !== null);
    const back = new Map(wanted.map(([email, patch]) => [email.id, invertPatch({ ...email }, patch)]));
    const done = new Set(await this.change(account, wanted.map(([email, patch]) => [email.id, patch])));
    return { account, count: conversations(found.filter((email) => done.has(email.id))), back: [...done].map((id) => [id, back.get(id)!]) };
  }

  /** Destroys all messages under a filter, a little later, so that the press can be taken back. */
  async destroy(account: string, filter: Arguments): Promise<void> {
    let kept = false;
    const undo = () => (kept ? false : (kept = true));
    outbox.remember({ undo });
    notices.show(t('mail.destroyingAll'), { stay: HOLD, action: { label: t('ui.undo'), keys: 'Z', run: undo } });
    await new Promise((resolve) => setTimeout(resolve, HOLD));
    if (kept) return;
    kept = true;
    await this.alone(async () => {
      const found = await this.find(account, filter);
      const done = new Set(await this.pages(account, found.map((email) => email.id), (page) => ({ destroy: page })));
      notices.show(t('mail.destroyed', { count: conversations(found.filter((email) => done.has(email.id))) }));
    });
  }

  /** Leaves the rest as it is. */
  stop(): void {
    this.stopped = true;
  }

  private async alone(work: () => Promise<void>): Promise<void> {
    if (this.progress) return void notices.show(t('mail.bulkBusy'));
    this.stopped = false;
    this.progress = { done: 0, total: 0 };
    try {
      await work();
    } catch {
      notices.show(t('mail.bulkFailed'), { tone: 'danger' });
    } finally {
      this.progress = null;
    }
  }

  /** Ids of all messages under a filter, with what patches look at. All are found before any is changed. */
  private async find(accountId: string, filter: Arguments): Promise<Filed[]> {
    const limit = jmap.limit('maxObjectsInGet', 256);
    const found = new Map<string, Filed>();
    for (let position = 0; !this.stopped; position += limit) {
      const batch = jmap.batch();
      const query = batch.add<{ ids: string[] }>('Email/query', { accountId, filter, sort: [{ property: 'receivedAt', isAscending: false }], position, limit });
      const got = batch.add<{ list: Filed[] }>('Email/get', { accountId, '#ids': query.ref('/ids'), properties: ['id', 'threadId', 'mailboxIds', 'keywords', 'snoozedUntil'] });
      await batch.send();
      for (const email of (await got.answer).list) found.set(email.id, email);
      if ((await query.answer).ids.length < limit) break;
    }
    return [...found.values()];
  }

  private change(account: string, changes: Changes): Promise<string[]> {
    const patches = new Map(changes);
    return this.pages(account, [...patches.keys()], (page) => ({ update: Object.fromEntries(page.map((id) => [id, patches.get(id)])) }));
  }

  /** Email/set page by page; answers with the ids that were changed. RFC 8620 §5.3 */
  private async pages(accountId: string, ids: string[], change: (page: string[]) => Arguments): Promise<string[]> {
    const most = jmap.limit('maxObjectsInSet', 256);
    const done: string[] = [];
    this.progress = { done: 0, total: ids.length };
    try {
      for (let from = 0; from < ids.length && !this.stopped; from += most) {
        const page = ids.slice(from, from + most);
        const { notUpdated, notDestroyed } = await jmap.call<Answer>('Email/set', { accountId, ...change(page) });
        const refused = { ...notUpdated, ...notDestroyed };
        done.push(...page.filter((id) => !(id in refused)));
        this.progress = { done: from + page.length, total: ids.length };
      }
    } finally {
      void sync.bring(EmailType, accountId).catch(() => undefined);
      void sync.bring(MailboxType, accountId).catch(() => undefined);
    }
    return done;
  }

  private tell(text: string, done: Done[]): void {
    let undone = false;
    const undo = () => {
      if (undone) return false;
      undone = true;
      void this.alone(async () => {
        for (const { account, back } of done) await this.change(account, back);
        notices.show(t('ui.undone'), { stay: 2_500 });
      });
      return true;
    };
    outbox.remember({ undo });
    notices.show(text, { stay: 20_000, action: { label: t('ui.undo'), keys: 'Z', run: undo } });
  }
}

export const bulk = new Bulk();
