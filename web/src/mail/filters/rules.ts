/** Simple rules as the server turns them into a Sieve script and back (Filter/script, Filter/rules). Pure. */
import { isAddress } from '../compose/addresses';
import { isLabel } from '../model';

export interface Condition {
  subject: 'from' | 'to' | 'cc' | 'recipient' | 'subject' | 'header' | 'body' | 'size' | 'attachment';
  comparison: 'is' | 'contains' | 'matches' | 'over' | 'under';
  value: string;
  /** The field's name, for `header`. */
  header: string;
  /** Octets, for `size`. */
  size: number;
  negated: boolean;
}

export interface Do {
  kind: 'fileinto' | 'copy' | 'flag' | 'markread' | 'redirect' | 'forward' | 'keep' | 'discard' | 'reject' | 'stop';
  value: string;
  mailboxId: string;
}

export interface Rule {
  name: string;
  conditions: Condition[];
  actions: Do[];
  match: 'all' | 'any';
  enabled: boolean;
}

/** What people choose from, which is more than what the server tells apart. */
export type What = Condition['subject'] | 'list';
export type How = 'contains' | 'notContains' | 'is' | 'notIs' | 'matches' | 'notMatches' | 'over' | 'notOver' | 'under' | 'notUnder' | 'has' | 'notHas';
export type Deed = 'move' | 'copy' | 'label' | 'star' | 'read' | 'forward' | 'delete' | 'reject' | 'stop' | 'discard' | 'redirect' | 'keep' | 'flag';

export const WHATS: What[] = ['from', 'to', 'cc', 'recipient', 'subject', 'body', 'list', 'header', 'size', 'attachment'];
const DEEDS: Deed[] = ['move', 'copy', 'label', 'star', 'read', 'forward', 'delete', 'discard', 'reject', 'stop'];
const LIST = 'List-Id';
const TEXT: How[] = ['contains', 'notContains', 'is', 'notIs', 'matches', 'notMatches'];
const MARKS: Record<string, Deed> = { '\\flagged': 'star', $flagged: 'star', '\\seen': 'read', $seen: 'read' };

export function whatOf({ subject, header }: Condition): What {
  return subject === 'header' && header.toLowerCase() === LIST.toLowerCase() ? 'list' : subject;
}

export function howOf({ subject, comparison, negated }: Condition): How {
  const plain = subject === 'attachment' ? 'has' : comparison;
  return negated ? (`not${plain[0]!.toUpperCase()}${plain.slice(1)}` as How) : plain;
}

/** The comparisons there are for something; one that a rule has already stays among them. */
export function hows(what: What, present?: How): How[] {
  const offered: How[] = what === 'size' ? ['over', 'under'] : what === 'attachment' ? ['has', 'notHas'] : TEXT;
  return present && !offered.includes(present) ? [...offered, present] : offered;
}

/** A condition about something; of one that was there before it keeps what still makes sense. */
export function condition(what: What, before?: Condition): Condition {
  const subject = what === 'list' ? 'header' : what;
  const textual = before && TEXT.includes(howOf(before));
  return {
    subject,
    comparison: what === 'size' ? 'over' : textual && what !== 'attachment' ? before.comparison : 'contains',
    value: before?.value ?? '',
    header: what === 'list' ? LIST : what === 'header' && before && whatOf(before) === 'header' ? before.header : '',
    size: before?.size || 5_000_000,
    negated: textual && what !== 'size' ? before.negated : false,
  };
}

export function compared(one: Condition, how: How): Condition {
  const negated = how.startsWith('not');
  const plain = negated ? how.slice(3).toLowerCase() : how;
  return { ...one, negated, comparison: plain === 'has' ? 'contains' : (plain as Condition['comparison']) };
}

/** What flags do, as people know it. */
export function markOf(flag: string): Deed {
  return MARKS[flag.toLowerCase()] ?? (isLabel(flag) ? 'label' : 'flag');
}

/** `trash` is the id of the mailbox of deleted mail. */
export function deedOf({ kind, value, mailboxId }: Do, trash: string | undefined): Deed {
  if (kind === 'fileinto') return trash && mailboxId === trash ? 'delete' : 'move';
  if (kind === 'markread') return 'read';
  return kind === 'flag' ? markOf(value) : kind;
}

/** The deeds there are; a rare one is offered where a rule has it already. */
export function deeds(present: Deed): Deed[] {
  return DEEDS.includes(present) ? DEEDS : [...DEEDS, present];
}

export interface Box {
  id: string;
  path: string;
}

/** An action of a kind; of one that was there before it keeps what still makes sense. */
export function deed(kind: Deed, trash: Box | undefined, before?: Do): Do {
  const boxed = before && ['fileinto', 'copy'].includes(before.kind) && before.mailboxId !== trash?.id;
  const file = boxed ? { value: before.value, mailboxId: before.mailboxId } : { value: '', mailboxId: '' };
  const plain = { value: '', mailboxId: '' };
  if (kind === 'move') return { kind: 'fileinto', ...file };
  if (kind === 'copy') return { kind, ...file };
  if (kind === 'delete') return { kind: 'fileinto', value: trash?.path ?? 'Trash', mailboxId: trash?.id ?? '' };
  if (kind === 'star') return { kind: 'flag', value: '\\Flagged', mailboxId: '' };
  if (kind === 'read') return { kind: 'markread', ...plain };
  if (kind === 'label' || kind === 'flag') return { kind: 'flag', ...plain };
  return { kind, ...plain };
}

export function emptyRule(): Rule {
  return { name: '', conditions: [condition('from')], actions: [{ kind: 'fileinto', value: '', mailboxId: '' }], match: 'all', enabled: true };
}

const GIVEN: What[] = ['from', 'to', 'cc', 'recipient', 'subject', 'body', 'list'];

/** A new rule with the conditions that a link names: `?from=ann@example.org&attachment=1`. */
export function prefilled(query: URLSearchParams): Rule {
  const conditions = GIVEN.filter((what) => query.get(what)).map((what): Condition => {
    const value = query.get(what)!;
    return { ...condition(what), value, comparison: what === 'from' && isAddress(value) ? 'is' : 'contains' };
  });
  if (query.get('attachment')) conditions.push(condition('attachment'));
  return { ...emptyRule(), ...(conditions.length ? { conditions } : {}) };
}

/** A rule for messages like one: of its list, else from its sender. */
export function likeMessage({ from, list }: { from: string; list: string }): Rule {
  const id = /<([^<>]+)>\s*$/.exec(list)?.[1] ?? list.trim();
  return prefilled(new URLSearchParams(id ? { list: id } : { from }));
}

export type Fault = 'noAction' | 'value' | 'header' | 'size' | 'box' | 'label' | 'address' | 'reason' | 'rejectAlone';
export interface Found {
  fault: Fault;
  /** The condition or the action that is wrong; without either, the rule as a whole. */
  condition?: number;
  action?: number;
}

/** What keeps a rule from being saved. */
export function faults({ conditions, actions }: Rule): Found[] {
  const found: Found[] = [];
  conditions.forEach((one, index) => {
    const fault = conditionFault(one);
    if (fault) found.push({ fault, condition: index });
  });
  actions.forEach((one, index) => {
    const fault = actionFault(one, actions);
    if (fault) found.push({ fault, action: index });
  });
  if (!actions.length) found.push({ fault: 'noAction' });
  return found;
}

function conditionFault({ subject, value, header, size }: Condition): Fault | null {
  if (subject === 'attachment') return null;
  if (subject === 'size') return Number.isSafeInteger(size) && size > 0 ? null : 'size';
  if (subject === 'header' && !/^[!-9;-~]+$/.test(header)) return 'header';
  return value.trim() ? null : 'value';
}

function actionFault({ kind, value }: Do, all: Do[]): Fault | null {
  if (kind === 'fileinto' || kind === 'copy') return value ? null : 'box';
  if (kind === 'flag') return value ? null : 'label';
  if (kind === 'forward' || kind === 'redirect') return isAddress(value) ? null : 'address';
  if (kind !== 'reject') return null;
  const others = all.some((one) => ['fileinto', 'copy', 'keep', 'forward', 'redirect'].includes(one.kind));
  return !value.trim() ? 'reason' : others ? 'rejectAlone' : null;
}

/** The list with one thing in another place. */
export function moved<T>(list: readonly T[], from: number, to: number): T[] {
  const rest = list.toSpliced(from, 1);
  return rest.toSpliced(Math.max(0, Math.min(rest.length, to)), 0, list[from]!);
}

/** A name that no other has: `Lists`, `Lists 2`. */
export function freeName(name: string, taken: string[]): string {
  let found = name;
  for (let n = 2; taken.includes(found); n++) found = `${name} ${n}`;
  return found;
}
