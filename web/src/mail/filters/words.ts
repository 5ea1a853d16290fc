/** Rules, and what filters did, in plain words. */
import { locale, t } from '../../kernel/i18n.svelte';
import { jmap, MAIL } from '../../kernel/jmap';
import { store } from '../../kernel/store.svelte';
import { mailboxName } from '../actions';
import { folders, labelName } from '../model';
import { MailboxType, type Mailbox } from '../types';
import { deedOf, howOf, markOf, whatOf, type Box, type Condition, type Do, type Rule } from './rules';

export function account(): string {
  return jmap.primary(MAIL);
}

/** The name of a mailbox as scripts write it: the names above it and its own, with strokes between. */
export function pathOf(mailbox: Mailbox, all: Mailbox[]): string {
  const above = all.find((one) => one.id === mailbox.parentId);
  const name = mailbox.role === 'inbox' ? 'INBOX' : mailbox.name;
  return above ? `${pathOf(above, all)}/${name}` : name;
}

/** All mailboxes in their order, for choosing. Reactive. */
export function boxes(): (Box & { title: string; depth: number })[] {
  const all = store.list(MailboxType, account());
  return folders(all, locale()).map(({ mailbox, depth }) => ({ id: mailbox.id, path: pathOf(mailbox, all), title: mailboxName(mailbox), depth }));
}

export function trash(): Box | undefined {
  const all = store.list(MailboxType, account());
  const found = all.find((mailbox) => mailbox.role === 'trash');
  return found && { id: found.id, path: pathOf(found, all) };
}

/** A mailbox's name in the language in use, by its id or its name in scripts. */
export function boxTitle(path: string, id = ''): string {
  const all = store.list(MailboxType, account());
  const found = all.find((one) => one.id === id) ?? all.find((one) => pathOf(one, all) === path);
  return found ? mailboxName(found) : path;
}

/** The sender contains “x”. */
export function conditionWords(one: Condition): string {
  const what = whatOf(one);
  const how = howOf(one);
  if (what === 'attachment') return t(one.negated ? 'filters.says_notHas' : 'filters.says_has');
  const value = what === 'size' ? new Intl.NumberFormat(locale(), { maximumFractionDigits: 3 }).format(one.size / 1e6) : one.value;
  return t(`filters.says_${how}`, { what: t(`filters.the_${what}`, { name: one.header }), value });
}

export function actionWords(one: Do): string {
  const deed = deedOf(one, trash()?.id);
  return t(`filters.does_${deed}`, { name: deed === 'label' ? labelName(one.value) : boxTitle(one.value, one.mailboxId) });
}

export function summary({ conditions, actions, match }: Rule): { when: string; then: string } {
  const list = (parts: string[], type: Intl.ListFormatType) => new Intl.ListFormat(locale(), { type }).format(parts);
  return {
    when: conditions.length ? t('filters.when', { conditions: list(conditions.map(conditionWords), match === 'all' ? 'conjunction' : 'disjunction') }) : t('filters.always'),
    then: list(actions.map(actionWords), 'conjunction'),
  };
}

/** What a filter did or would do, as the server tells it: `fileinto`, `flag`, `discard`, ... */
export function deedWords(action: string, target: string): string {
  if (action === 'fileinto') return t('filters.does_move', { name: boxTitle(target) });
  if (action === 'flag') return target.split(' ').map((flag) => t(`filters.does_${markOf(flag)}`, { name: markOf(flag) === 'label' ? labelName(flag) : flag })).join(', ');
  if (action === 'redirect') return t('filters.does_forward', { name: target });
  if (action === 'keep' || action === 'discard' || action === 'reject') return t(`filters.does_${action}`, { name: target });
  return action === 'vacation' ? t('filters.does_answer') : action === 'notify' ? t('filters.does_notify') : action;
}
