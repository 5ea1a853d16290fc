/** People of the address books for whatever is typed: the server is asked, and what it answered is shown at once. */
import { untrack } from 'svelte';
import { openCompose } from '../kernel/features';
import type { Choice } from '../kernel/finders';
import { t } from '../kernel/i18n.svelte';
import { jmap } from '../kernel/jmap';
import { link } from '../kernel/start.svelte';
import { match } from '../ui/Palette.svelte';
import { displayName, emailsOf } from './model';
import { CONTACTS, type Card } from './types';

const MOST = 6;
const KEPT = 40;
const PROPERTIES = ['id', 'kind', 'name', 'emails', 'organizations', 'nicknames'];

interface Found {
  name: string;
  email: string;
}

class Suggestions {
  private answers = $state.raw<ReadonlyMap<string, Found[]>>(new Map());
  private readonly asked = new Set<string>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** What is known for a text now; asks when nothing is, and is reactive, so that the answer is shown when it comes. */
  find(typed: string): Choice[] {
    const text = typed.trim().toLowerCase();
    if (text.length < 2 || !openCompose.provided || !(CONTACTS in (link.session?.primaryAccounts ?? {}))) return [];
    const known = this.answers.get(text);
    if (!known) untrack(() => this.soon(text));
    // Until the answer is here, those of a shorter text that still fit.
    const near = known ?? [...this.answers].filter(([other]) => text.startsWith(other)).at(-1)?.[1].filter(({ name, email }) => match(`${name} ${email}`, text)) ?? [];
    return near.map(({ name, email }) => ({ id: `contact ${email}`, title: name, detail: email, person: email, group: t('shell.people'), run: () => void openCompose.open({ mode: 'new', to: [{ name, email }] }) }));
  }

  private soon(text: string): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.ask(text), 80);
  }

  private async ask(text: string): Promise<void> {
    if (this.asked.has(text)) return;
    this.asked.add(text);
    const accountId = link.session!.primaryAccounts[CONTACTS]!;
    const batch = jmap.batch();
    const query = batch.add('ContactCard/query', { accountId, filter: { text }, sort: [{ property: 'name' }], limit: MOST * 2 });
    const get = batch.add<{ list: Card[] }>('ContactCard/get', { accountId, '#ids': query.ref('/ids'), properties: PROPERTIES });
    try {
      await batch.send();
      const people = (await get.answer).list.flatMap((card) => emailsOf(card).slice(0, 2).map((email) => ({ name: displayName(card), email })));
      const best = people.sort((a, b) => match(`${b.name} ${b.email}`, text) - match(`${a.name} ${a.email}`, text)).slice(0, MOST);
      this.answers = new Map([...[...this.answers].slice(-KEPT), [text, best]]);
    } catch {
      this.asked.delete(text); // asked again when it is typed again
    }
  }
}

export const suggestions = new Suggestions();
