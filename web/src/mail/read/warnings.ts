/** What is odd about a message: what the server warns of, and what is not proved of its sender, as one list, the gravest first. */
import type { MessageKey } from '../../kernel/i18n.svelte';
import { jmap } from '../../kernel/jmap';
import { preferences } from '../../kernel/preferences.svelte';
import { defineType } from '../../kernel/store.svelte';
import type { Doubt } from './sender';

export const WARNINGS = 'urn:parvis:warnings';
/** The gravest first. */
const KINDS = ['failed', 'lookalikeSender', 'mixedLetters', 'nameOfColleague', 'addressInName', 'lookalikeLink', 'linkElsewhere', 'encodedLink', 'replyElsewhere', 'passedOn', 'unproved', 'firstTime'] as const;
export type Kind = (typeof KINDS)[number];
const MILD = new Set<Kind>(['replyElsewhere', 'passedOn', 'unproved', 'firstTime']);
/** What says nothing of the next message of the same sender, whoever that is. */
const ONCE = new Set<Kind>(['failed', 'firstTime']);
const REMEMBERED = 60;
const LONGEST = 160;

/** What is shown, and what is really there. */
export interface Oddity {
  kind: Kind;
  shown: string;
  really: string;
}

interface EmailWarnings {
  id: string;
  warnings: { kind: string; shown: string; really: string }[];
}

/** Email/warnings, in a request of its own so that no text waits for it; kept as the text is. */
export const EmailWarningsType = defineType<EmailWarnings>({
  name: 'EmailWarnings',
  capability: WARNINGS,
  mutable: [],
  fetch: async (client, accountId, emailIds) => {
    const batch = client.batch();
    const { answer } = batch.add<{ list: { emailId: string; warnings: EmailWarnings['warnings'] }[]; notFound: string[] }>('Email/warnings', { accountId, emailIds });
    await batch.send();
    const { list, notFound } = await answer;
    return { state: 'fixed', list: list.map(({ emailId, warnings }) => ({ id: emailId, warnings })), notFound };
  },
});

/** Whether the server warns of the messages of an account. */
export function warns(accountId: string): boolean {
  return !!jmap.session?.accounts[accountId]?.accountCapabilities[WARNINGS];
}

/** Joins both into one list, each thing once; what our server could not prove is told in the words of the doubt. */
export function oddities(warnings: EmailWarnings['warnings'], doubt: Doubt | null): Oddity[] {
  const known = warnings.filter((one): one is Oddity => (KINDS as readonly string[]).includes(one.kind));
  const all = doubt ? [...known, { kind: doubt.kind, shown: doubt.domain, really: '' }] : known;
  const imitations = new Set(all.filter(({ kind }) => kind.startsWith('lookalike')).map(({ shown }) => shown));
  const once = all.filter(({ kind, shown }) => !((kind === 'mixedLetters' || kind === 'encodedLink') && imitations.has(shown)));
  return once.sort((a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind));
}

/** Whether a message with this oddity is to be taken for an attempt to deceive: its links ask first. */
export function isGrave({ kind }: Oddity): boolean {
  return !MILD.has(kind);
}

/** By what an oddity is remembered as fine: with the sender, or with the message when anyone can write in that name. */
function keyOf({ kind, shown, really }: Oddity, sender: string, emailId: string): string {
  return [kind, ONCE.has(kind) ? emailId : `${sender.toLowerCase()} ${shown} ${really}`].join(' ').trim().slice(0, LONGEST);
}

/** Those that the person has not found to be fine. Reactive. */
export function unsettled(all: Oddity[], sender: string, emailId: string): Oddity[] {
  const fine = new Set(preferences.value.fineWarnings);
  return all.filter((one) => !fine.has(keyOf(one, sender, emailId)));
}

/** Remembers that oddities are fine, on all devices. Returns the way back. */
export function settle(all: Oddity[], sender: string, emailId: string): () => void {
  const before = preferences.value.fineWarnings;
  const keys = all.map((one) => keyOf(one, sender, emailId));
  preferences.set({ fineWarnings: [...new Set([...before, ...keys])].slice(-REMEMBERED) });
  return () => preferences.set({ fineWarnings: preferences.value.fineWarnings.filter((key) => before.includes(key) || !keys.includes(key)) });
}

/** An address or a name to be looked at closely; `like` is the one it imitates. */
export interface Exhibit {
  label: MessageKey;
  text: string;
  like?: string;
}

/** What is laid before the reader of an oddity. */
export function exhibits({ kind, shown, really }: Oddity): Exhibit[] {
  switch (kind) {
    case 'lookalikeSender': return [{ label: 'warnings.from', text: shown, like: really }, { label: 'warnings.like', text: really }];
    case 'mixedLetters': return [{ label: 'warnings.written', text: shown }];
    case 'nameOfColleague': return [{ label: 'warnings.name', text: shown }, { label: 'warnings.from', text: really }];
    case 'addressInName': return [{ label: 'warnings.inName', text: shown }, { label: 'warnings.from', text: really }];
    case 'lookalikeLink': return [{ label: 'warnings.leads', text: shown, like: really }, { label: 'warnings.like', text: really }];
    case 'linkElsewhere': return [{ label: 'warnings.linkShows', text: shown }, { label: 'warnings.leads', text: really }];
    case 'encodedLink': return [{ label: 'warnings.leads', text: shown }];
    case 'replyElsewhere': return [{ label: 'warnings.from', text: shown }, { label: 'warnings.answers', text: really }];
    default: return [];
  }
}

export interface Piece {
  text: string;
  odd: boolean;
}

/** A text cut so that what differs from the one it imitates, or belongs to an alphabet that looks like ours, stands out. */
export function pieces({ text, like }: Pick<Exhibit, 'text' | 'like'>): Piece[] {
  if (!like) return text.split(/([\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}]+)/u).map((part, index) => ({ text: part, odd: index % 2 === 1 })).filter((piece) => piece.text);
  const [ours, theirs] = [[...text], [...like]];
  let start = 0;
  while (start < ours.length && ours[start] === theirs[start]) start++;
  let end = 0;
  while (end < ours.length - start && end < theirs.length - start && ours.at(-1 - end) === theirs.at(-1 - end)) end++;
  // A letter that is missing shows in those beside it.
  const from = start + end === ours.length ? Math.max(0, start - 1) : start;
  const to = start + end === ours.length ? Math.min(ours.length, start + 1) : ours.length - end;
  return [[0, from, false], [from, to, true], [to, ours.length, false]].map(([a, b, odd]) => ({ text: ours.slice(a as number, b as number).join(''), odd: odd as boolean })).filter((piece) => piece.text);
}

/** A domain, or an address, as it is written in the net (RFC 5890 §2.3.2.1); empty when it is written so already. */
export function asciiForm(text: string): string {
  const at = text.lastIndexOf('@') + 1;
  const domain = text.slice(at);
  if (/^\p{ASCII}*$/u.test(domain) || !domain.includes('.') || /\s/.test(domain)) return '';
  return text.slice(0, at) + (URL.parse(`http://${domain}`)?.hostname ?? '');
}

/** The host of a link as letters, where the server has told it. */
export function readableHost(host: string, all: Oddity[]): string {
  return all.flatMap(({ shown, really }) => [shown, really]).find((text) => text && asciiForm(text) === host) ?? host;
}
