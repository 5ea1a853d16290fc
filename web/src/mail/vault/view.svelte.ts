/** What the vault's screen shows and what can be done to its messages. */
import { tick, untrack } from 'svelte';
import { t } from '../../kernel/i18n.svelte';
import { jmap } from '../../kernel/jmap';
import { whyOf } from '../../kernel/reasons';
import { notices } from '../../kernel/notices.svelte';
import { outbox, type Undoable } from '../../kernel/outbox.svelte';
import { Query } from '../../kernel/query.svelte';
import { router } from '../../kernel/router.svelte';
import { store } from '../../kernel/store.svelte';
import { sync } from '../../kernel/sync';
import { EmailType } from '../types';
import { VAULT, VaultEmailType, type VaultEmail } from './types';

/** How long what was removed can be taken back. */
const HOLD_MS = 7_500;

class VaultView {
  query = $state.raw<Query<VaultEmail> | null>(null);
  /** What is looked for; case and accents do not matter. */
  text = $state('');
  cursor = $state(0);
  chosen = $state.raw<ReadonlySet<string>>(new Set());

  get account(): string {
    return jmap.primary(VAULT);
  }

  /** The message that is open. Reactive. */
  get open(): VaultEmail | undefined {
    const id = router.parts[0] === 'deleted' ? router.parts[1] : undefined;
    const found = id ? store.peek(VaultEmailType, this.account, id) : undefined;
    return found && !('$gone' in found) ? found : undefined;
  }

  /** Opens the list for what is looked for; call inside an effect. Returns how it is closed. */
  follow(): () => void {
    const text = this.text.trim();
    return untrack(() => {
      const query = new Query<VaultEmail>({
        type: VaultEmailType,
        account: this.account,
        filter: text ? { text } : null,
        sort: [],
        matches: (email) => !('$gone' in email),
      });
      this.query = query;
      this.cursor = 0;
      this.chosen = new Set();
      void query.start();
      return () => query.close();
    });
  }

  /** The message of a row, if it is here. Reactive. */
  at(row: number): VaultEmail | undefined {
    void this.query?.version;
    const id = this.query?.idAt(row);
    return id ? store.peek(VaultEmailType, this.account, id) : undefined;
  }

  openRow(row: number): void {
    const email = this.at(row);
    if (!email) return;
    this.cursor = row;
    router.go(`/deleted/${email.id}`);
  }

  step(by: number): void {
    const row = Math.max(0, Math.min((this.query?.length ?? 1) - 1, this.cursor + by));
    if (this.open) this.openRow(row);
    else this.cursor = row;
  }

  /** Gives up the choice, else closes the message, else goes back to the trash. */
  back(): void {
    if (this.chosen.size) this.chosen = new Set();
    else router.go(router.parts[1] ? '/deleted' : '/mail/trash');
  }

  toggle(row: number): void {
    const id = this.at(row)?.id;
    if (!id) return;
    const next = new Set(this.chosen);
    if (!next.delete(id)) next.add(id);
    this.chosen = next;
    this.cursor = row;
  }

  chooseAll(): void {
    const ids: string[] = [];
    this.query?.eachLoaded((_row, id) => ids.push(id));
    this.chosen = new Set(this.chosen.size === ids.length ? [] : ids);
  }

  /** What is chosen, else what is open, else the row under the cursor. */
  private target(): string[] {
    if (this.chosen.size) return [...this.chosen];
    const one = this.open ?? this.at(this.cursor);
    return one ? [one.id] : [];
  }

  /** Puts messages back where they were; taking that back puts them here again. */
  async restore(ids = this.target()): Promise<void> {
    if (!ids.length) return;
    const { account } = this;
    this.hide(ids, true);
    this.moveOn(ids);
    const most = jmap.limit('maxObjectsInSet', 256);
    const restored: Record<string, string> = {};
    let failure: string | null = null;
    try {
      for (let from = 0; from < ids.length; from += most) {
        const answer = await jmap.call<{ restored: Record<string, string>; notRestored: Record<string, { type: string; description?: string }> }>('VaultEmail/restore', { accountId: account, ids: ids.slice(from, from + most) });
        Object.assign(restored, answer.restored);
        failure ??= Object.values(answer.notRestored).map((one) => (one.type === 'overQuota' ? t('vault.full') : t('vault.gone')))[0] ?? null;
      }
    } catch (error) {
      failure = whyOf(error, t('vault.offline'));
    }
    const count = Object.keys(restored).length;
    if (count) {
      await sync.bring(VaultEmailType, account).catch(() => undefined);
      const undo = this.undoable(Object.values(restored));
      outbox.remember(undo);
      notices.show(t('vault.restored', { count }), { action: { label: t('ui.undo'), keys: 'Z', run: () => undo.undo() } });
    }
    this.hide(ids, false);
    if (failure) notices.show(failure, { tone: 'danger' });
  }

  private undoable(emailIds: string[]): Undoable {
    let done = false;
    const { account } = this;
    return {
      undo: () => {
        if (done) return false;
        done = true;
        void outbox.destroy(EmailType, account, emailIds, { undoable: false }).done.then(() => sync.bring(VaultEmailType, account)).catch(() => undefined);
        return true;
      },
    };
  }

  /** Removes messages before their time, after the moment in which it can be undone. */
  remove(ids = this.target()): void {
    if (!ids.length) return;
    const action = outbox.destroy(VaultEmailType, this.account, ids, { hold: HOLD_MS });
    notices.show(t('vault.removed', { count: ids.length }), { action: { label: t('ui.undo'), keys: 'Z', run: () => action.undo() } });
    this.moveOn(ids);
  }

  private hide(ids: string[], hidden: boolean): void {
    for (const id of ids) store.setPatches(VaultEmailType, this.account, id, hidden ? [{ $gone: true }] : []);
  }

  /** After messages have left: nothing stays chosen, and no message that is gone stays open. */
  private moveOn(ids: string[]): void {
    this.chosen = new Set();
    this.cursor = Math.max(0, Math.min(this.cursor, (this.query?.length ?? 1) - 1));
    if (router.parts[1] && ids.includes(router.parts[1])) router.go('/deleted');
    // Not into the field above, where the next key would be a letter of what is looked for.
    void tick().then(() => document.activeElement === document.body && document.getElementById('main')?.focus({ preventScroll: true }));
  }
}

export const view = new VaultView();
