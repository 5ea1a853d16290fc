/** What can be done to some cards, as a menu. */
import { openCompose } from '../kernel/features';
import { t } from '../kernel/i18n.svelte';
import type { MenuItem } from '../ui/Menu.svelte';
import { Book, Eye, Mail, Pencil, Trash, Users } from '../ui/icons';
import { remove, write } from './actions';
import { emailsOf, isGroup } from './model';
import type { Card } from './types';
import { ui } from './ui.svelte';
import { view } from './view.svelte';

/** Of cards wherever they are shown. */
export function doings(cards: Card[]): MenuItem[] {
  const writable = cards.some((card) => view.mayWrite(card));
  return [
    { label: t('contacts.group'), icon: Users, keys: 'L', run: () => (ui.picker = { kind: 'group', cards }) },
    ...(writable ? [
      { label: t('contacts.move'), icon: Book, keys: 'V', run: () => (ui.picker = { kind: 'book', cards }) },
      { label: t('contacts.delete'), icon: Trash, keys: '#', danger: true, apart: true, run: () => remove(cards) },
    ] : []),
  ];
}

/** Of cards in the list: also what stands beside an open one. */
export function doingsInList(cards: Card[]): MenuItem[] {
  const [first] = cards;
  if (!first) return [];
  const one = cards.length === 1;
  return [
    ...(one ? [{ label: t('contacts.open'), icon: Eye, keys: 'O', run: () => view.openCard(first.id) }] : []),
    ...(openCompose.provided && cards.some((card) => isGroup(card) || emailsOf(card).length) ? [{ label: t('contacts.write'), icon: Mail, keys: 'R', run: () => void write(cards) }] : []),
    ...(one && view.mayWrite(first) ? [{ label: t('contacts.edit'), icon: Pencil, keys: 'E', run: () => { view.openCard(first.id); view.changing = first.id; } }] : []),
    ...doings(cards),
  ];
}
