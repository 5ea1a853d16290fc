import { beforeEach, describe, expect, it } from 'vitest';
import fr from '../messages/fr/filters.json';
import start from '../messages/fr/start.json';
import { useMessages } from '../src/kernel/i18n.svelte';
import { effects } from '../src/mail/filters/apply.svelte';
import { compared, condition, deed, deedOf, emptyRule, faults, freeName, howOf, hows, likeMessage, moved, prefilled, whatOf, WHATS, type Condition, type Do, type Rule } from '../src/mail/filters/rules';
import { conditionWords, deedWords, summary } from '../src/mail/filters/words';

const trash = { id: 'T', path: 'Trash' };
const act = (kind: Do['kind'], value = '', mailboxId = ''): Do => ({ kind, value, mailboxId });

describe('conditions', () => {
  it('of everything can be compared in all its ways, and are told back as they were chosen', () => {
    for (const what of WHATS) {
      for (const how of hows(what)) {
        const one = compared(condition(what), how);
        expect([whatOf(one), howOf(one)]).toEqual([what, how]);
      }
    }
  });
  it('keep what was typed when something else is looked at, and only comparisons that make sense', () => {
    const one: Condition = { ...condition('subject'), comparison: 'matches', value: 'x*', negated: true };
    expect(condition('from', one)).toMatchObject({ subject: 'from', comparison: 'matches', value: 'x*', negated: true });
    expect(howOf(condition('size', one))).toBe('over');
    expect(howOf(condition('attachment', one))).toBe('notHas');
    expect(howOf(condition('from', condition('size')))).toBe('contains');
    expect(condition('header', condition('list')).header).toBe('');
  });
  it('offer a rare comparison where a rule has it', () => {
    expect(hows('size', 'notOver')).toEqual(['over', 'under', 'notOver']);
  });
});

describe('actions', () => {
  it('are what they were chosen as', () => {
    for (const kind of ['move', 'copy', 'star', 'read', 'forward', 'delete', 'discard', 'reject', 'stop', 'keep', 'redirect'] as const) {
      expect(deedOf(deed(kind, trash), 'T')).toBe(kind);
    }
    expect([deedOf(act('flag', 'label:a'), 'T'), deedOf(act('flag', '$work'), 'T'), deedOf(act('flag', '\\Seen'), 'T')]).toEqual(['label', 'flag', 'read']);
  });
  it('keep their mailbox from moving to copying, but not from the trash', () => {
    expect(deed('copy', trash, act('fileinto', 'A/B', 'M'))).toEqual(act('copy', 'A/B', 'M'));
    expect(deed('move', trash, act('fileinto', 'Trash', 'T'))).toEqual(act('fileinto'));
  });
});

describe('faults', () => {
  const rule = (conditions: Condition[], actions: Do[]): Rule => ({ ...emptyRule(), conditions, actions });
  const told = (one: Rule) => faults(one).map(({ fault }) => fault);
  it('are all found, each at its place', () => {
    expect(faults(emptyRule())).toEqual([{ fault: 'value', condition: 0 }, { fault: 'box', action: 0 }]);
    expect(told(rule([], []))).toEqual(['noAction']);
    expect(told(rule([{ ...condition('header'), header: 'X Y', value: 'a' }, { ...condition('size'), size: 0 }, condition('attachment')], [act('flag'), act('forward', 'nobody'), act('reject', 'no')])))
      .toEqual(['header', 'size', 'label', 'address', 'rejectAlone']);
    expect(told(rule([], [act('reject', ' ')]))).toEqual(['reason']);
  });
  it('are not found in what is right', () => {
    expect(told(rule([{ ...condition('header'), header: 'X-Mailer', value: 'a' }], [act('markread'), act('forward', 'ann@example.org'), act('reject', 'no')].slice(0, 2)))).toEqual([]);
  });
});

describe('a new rule', () => {
  it('has the conditions that its link names', () => {
    const { conditions } = prefilled(new URLSearchParams('from=hélène&subject=budget&attachment=1'));
    expect(conditions.map((one) => [whatOf(one), howOf(one), one.value])).toEqual([['from', 'contains', 'hélène'], ['subject', 'contains', 'budget'], ['attachment', 'has', '']]);
    expect(prefilled(new URLSearchParams()).conditions).toHaveLength(1);
  });
  it('for messages like one looks at its list, else at its sender', () => {
    expect(likeMessage({ from: 'ann@example.org', list: '"Les nouvelles" <news.example.org>' }).conditions[0]).toMatchObject({ header: 'List-Id', value: 'news.example.org', comparison: 'contains' });
    expect(likeMessage({ from: 'ann@example.org', list: '' }).conditions[0]).toMatchObject({ subject: 'from', value: 'ann@example.org', comparison: 'is' });
  });
});

it('things move in a list and names are free', () => {
  expect([moved(['a', 'b', 'c'], 0, 2), moved(['a', 'b', 'c'], 2, 0), moved(['a', 'b'], 0, 9)]).toEqual([['b', 'c', 'a'], ['c', 'a', 'b'], ['b', 'a']]);
  expect([freeName('x', []), freeName('x', ['x', 'x 2'])]).toEqual(['x', 'x 3']);
});

describe('what would change', () => {
  const done = (action: string, target = '') => ({ action, target, rule: 'r', isDone: true });
  const trial = (actions: ReturnType<typeof done>[], keywords: string[] = []) => ({ emailId: 'e', actions, mailboxes: [], keywords, error: '' });
  it('leaves out what is so already, and what is done on arrival only', () => {
    expect(effects(trial([done('fileinto', 'INBOX'), done('keep'), done('flag', '\\Seen \\Flagged'), { ...done('redirect', 'a@b.c'), isDone: false }], ['$flagged']), 'INBOX')).toEqual([{ action: 'flag', target: '\\Flagged' }]);
    expect(effects(trial([done('fileinto', 'A'), done('fileinto', 'A'), done('discard')]), 'INBOX')).toEqual([{ action: 'fileinto', target: 'A' }, { action: 'discard', target: '' }]);
  });
});

describe('words', () => {
  beforeEach(() => useMessages('fr', { ...fr, ...start }));
  it('say when a rule acts and what it does', () => {
    const rule: Rule = { ...emptyRule(), match: 'any', conditions: [{ ...condition('from'), value: 'ann' }, { ...condition('size'), size: 2_500_000 }, condition('attachment')], actions: [act('fileinto', 'Listes'), act('markread')] };
    const { when, then } = summary(rule);
    expect(when.replaceAll('\u00a0', ' ')).toBe('Quand l’expéditeur contient « ann », la taille dépasse 2,5 Mo ou il y a une pièce jointe');
    expect(then).toBe('déplacer vers Listes et marquer comme lu');
    expect(summary({ ...rule, conditions: [] }).when).toBe('Tous les messages');
  });
  it('say what a filter did', () => {
    expect(deedWords('flag', '\\Seen label:a')).toBe('marquer comme lu, étiqueter a');
    expect(deedWords('redirect', 'a@b.c')).toBe('transférer à a@b.c');
    expect(conditionWords({ ...condition('header'), header: 'X-A', value: 'b', negated: true }).replaceAll('\u00a0', ' ')).toBe('le champ X-A ne contient pas « b »');
  });
});
