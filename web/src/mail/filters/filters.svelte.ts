/** The person's filters as the settings show them: one script is looked at, as rules or as text. */
import { t } from '../../kernel/i18n.svelte';
import { JmapError } from '../../kernel/jmap';
import { whyOf } from '../../kernel/reasons';
import { notices } from '../../kernel/notices.svelte';
import { freeName, type Rule } from './rules';
import * as server from './server';
import type { Script } from './server';

class Filters {
  scripts = $state.raw<Script[]>([]);
  /** The script that is looked at; null before there is any, when the first rule makes one. */
  open = $state.raw<Script | null>(null);
  /** Null when the script is not made of rules. */
  rules = $state.raw<Rule[] | null>([]);
  source = $state.raw('');
  status = $state<'loading' | 'ready' | 'failed'>('loading');
  private state: string | null = null;
  /** Rules that the server has. */
  private kept: Rule[] | null = [];
  private saving: Promise<unknown> = Promise.resolve();

  /** Fetches the scripts, and shows one of them: that of an id, else the active one. */
  async load(id = this.open?.id): Promise<void> {
    try {
      const { state, list } = await server.scripts();
      const open = list.find((one) => one.id === id) ?? list.find((one) => one.isActive) ?? null;
      const { source, rules } = open ? await server.read(open) : { source: '', rules: [] };
      Object.assign(this, { state, scripts: list, open, source, rules, kept: rules, status: 'ready' });
    } catch {
      this.status = 'failed';
    }
  }

  /** Saves rules, which are shown at once; of several that wait only the last are sent. False when it did not work. */
  save(rules: Rule[]): Promise<boolean> {
    this.rules = rules;
    const turn = this.saving.then(() => (this.rules === rules ? this.send(rules) : true));
    this.saving = turn;
    return turn;
  }

  private async send(rules: Rule[]): Promise<boolean> {
    const done = await this.attempt(async () => this.keep(await server.put(rules)));
    if (done) this.kept = rules;
    else if (this.rules === rules) this.rules = this.kept;
    return done;
  }

  /** Saves the text of the script that is open; rejects with `faults` when it is not right. */
  async saveText(source: string): Promise<boolean> {
    const done = await this.attempt(async () => this.keep(await server.put(source)));
    if (done) await this.load();
    return done;
  }

  /** Gives the open script another content; the first one is made, and made the active one. */
  private async keep(blobId: string): Promise<void> {
    if (this.open) {
      this.state = (await server.set({ update: { [this.open.id]: { blobId } } }, this.state)).newState;
      return;
    }
    await this.create(blobId);
  }

  private async create(blobId: string): Promise<void> {
    const name = freeName(t('filters.title'), this.scripts.map((one) => one.name));
    const { created, newState } = await server.set({ create: { s: { name, blobId } }, onSuccessActivateScript: '#s' }, this.state);
    this.open = { id: created!['s']!.id, name, blobId, isActive: true };
    this.scripts = [...this.scripts.map((one) => ({ ...one, isActive: false })), this.open];
    this.state = newState;
  }

  /** Begins anew with rules; the script that acted until now stays, and acts no more. */
  async startAnew(): Promise<void> {
    if (await this.attempt(async () => this.create(await server.put([])))) await this.load();
  }

  async activate(script: Script): Promise<void> {
    if (await this.attempt(() => server.set({ onSuccessActivateScript: script.id }, this.state))) await this.load(script.id);
  }

  async deactivate(): Promise<void> {
    if (await this.attempt(() => server.set({ onSuccessDeactivateScript: true }, this.state))) await this.load();
  }

  async remove(script: Script): Promise<void> {
    let source = '';
    const gone = await this.attempt(async () => {
      ({ source } = await server.read(script));
      await server.set({ destroy: [script.id] }, this.state);
    });
    if (!gone) return;
    await this.load();
    const again = () => this.attempt(async () => server.set({ create: { s: { name: script.name, blobId: await server.put(source) } } }, null)).then(() => this.load());
    notices.show(t('filters.removed', { name: script.name }), { action: { label: t('ui.undo'), run: () => void again() } });
  }

  /** Runs a change; when it did not work, says why, and shows what others have changed meanwhile. */
  private async attempt(change: () => Promise<unknown>): Promise<boolean> {
    try {
      await change();
      return true;
    } catch (error) {
      const stale = error instanceof JmapError && error.code === 'stateMismatch';
      const why = whyOf(error, t('filters.unreachable'));
      notices.show(stale ? t('filters.changedElsewhere') : t('filters.notSaved', { reason: why }), { tone: 'danger' });
      if (stale) await this.load();
      return false;
    }
  }
}

export const filters = new Filters();
