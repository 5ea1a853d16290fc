/** Filter scripts on the server: SieveScript (RFC 9661), rules, trying and applying them (urn:parvis:filters). */
import { jmap, JmapError, type Batch } from '../../kernel/jmap';
import type { Rule } from './rules';
import { account } from './words';

export const SIEVE = 'urn:ietf:params:jmap:sieve';

export interface Script {
  id: string;
  name: string;
  blobId: string;
  isActive: boolean;
}
/** Something wrong in a script. */
export interface Fault {
  line: number;
  column: number;
  description: string;
}
interface Refusal {
  type: string;
  description?: string;
  faults?: Fault[];
}
interface SetAnswer {
  newState: string;
  created?: Record<string, { id: string }> | null;
  notCreated?: Record<string, Refusal> | null;
  notUpdated?: Record<string, Refusal> | null;
  notDestroyed?: Record<string, Refusal> | null;
}
/** What would be done with a message. */
export interface Trial {
  emailId: string;
  actions: Acted[];
  mailboxes: string[];
  keywords: string[];
  error: string;
}
export interface Acted {
  action: string;
  target: string;
  rule: string | null;
  isDone: boolean;
}
export interface Progress {
  state: string;
  error: string;
  looked: number;
  changed: number;
  list: { emailId: string; mailboxIds: Record<string, true>; keywords: Record<string, true> }[];
}

export async function scripts(): Promise<{ state: string; list: Script[] }> {
  return jmap.call<{ state: string; list: Script[] }>('SieveScript/get', { accountId: account(), ids: null });
}

/** A script's text, and its rules when it is made of rules. */
export async function read(script: Script): Promise<{ source: string; rules: Rule[] | null }> {
  const batch = jmap.batch();
  const blob = batch.add<{ list: { 'data:asText': string | null }[] }>('Blob/get', { accountId: account(), ids: [script.blobId], properties: ['data:asText'] });
  const rules = batch.add<{ rules: Rule[] | null }>('Filter/rules', { accountId: account(), scriptId: script.id });
  await batch.send();
  return { source: (await blob.answer).list[0]?.['data:asText'] ?? '', rules: (await rules.answer).rules };
}

const upload = (batch: Batch, source: string) =>
  batch.add<{ created: Record<string, { id: string }> }>('Blob/upload', { accountId: account(), create: { s: { data: [{ 'data:asText': source }], type: 'application/sieve' } } });

/** Keeps a text, or the script of rules, for a day; answers with its blob. */
export async function put(content: string | Rule[]): Promise<string> {
  if (typeof content !== 'string') return (await jmap.call<{ blobId: string }>('Filter/script', { accountId: account(), rules: content })).blobId;
  const batch = jmap.batch();
  const call = upload(batch, content);
  await batch.send();
  return (await call.answer).created['s']!.id;
}

/** What is wrong in a text (RFC 9661 §2.6). */
export async function check(source: string): Promise<Fault[]> {
  const batch = jmap.batch();
  const call = upload(batch, source);
  const validate = batch.add<{ error: Refusal | null }>('SieveScript/validate', { accountId: account(), '#blobId': call.ref('/created/s/id') });
  await batch.send();
  const { error } = await validate.answer;
  return error ? (error.faults ?? [{ line: 1, column: 1, description: error.description ?? error.type }]) : [];
}

/** SieveScript/set; `ifInState` keeps what somebody else has changed since. Rejects with what the server says. */
export async function set(change: Record<string, unknown>, ifInState: string | null): Promise<SetAnswer> {
  const answer = await jmap.call<SetAnswer>('SieveScript/set', { accountId: account(), ifInState, ...change });
  const [refused] = [answer.notCreated, answer.notUpdated, answer.notDestroyed].flatMap((part) => Object.values(part ?? {}));
  if (refused) throw new JmapError(refused.type, refused.description ?? refused.type, { ...refused });
  return answer;
}

/** The messages of a mailbox, newest first, as many as a run may take. */
export async function messagesOf(mailboxId: string, most = 5_000): Promise<string[]> {
  const ids: string[] = [];
  while (ids.length < most) {
    const answer = await jmap.call<{ ids: string[] }>('Email/query', {
      accountId: account(), filter: { inMailbox: mailboxId }, sort: [{ property: 'receivedAt', isAscending: false }], position: ids.length, limit: Math.min(500, most - ids.length),
    });
    ids.push(...answer.ids);
    if (!answer.ids.length) break;
  }
  return ids;
}

export async function preview(blobId: string, emailIds: string[]): Promise<Trial[]> {
  return (await jmap.call<{ list: Trial[] }>('Filter/preview', { accountId: account(), blobId, emailIds })).list;
}

/** Begins to apply a script; answers with the run's id. */
export async function apply(blobId: string, emailIds: string[]): Promise<string> {
  return (await jmap.call<{ jobId: string }>('Filter/apply', { accountId: account(), blobId, emailIds })).jobId;
}

export async function progress(jobId: string, position = 0, limit = 0): Promise<Progress> {
  return jmap.call<Progress & Record<string, unknown>>('Filter/result', { accountId: account(), jobId, position, limit });
}

/** Puts all messages that a run changed back where they were. */
export async function undo(jobId: string): Promise<void> {
  const step = jmap.limit('maxObjectsInSet', 250);
  for (let position = 0; ; position += step) {
    const { list } = await progress(jobId, position, step);
    if (!list.length) return;
    const update = Object.fromEntries(list.map(({ emailId, mailboxIds, keywords }) => [emailId, { mailboxIds, keywords }]));
    await jmap.call('Email/set', { accountId: account(), update });
  }
}

/** What a filter did with a message, and why. */
export interface Note extends Acted {
  at: string;
  script: string;
  line: number;
  error: string;
  tests: { line: number; text: string; condition: Rule['conditions'][number] | null }[];
}

export async function explain(accountId: string, emailId: string): Promise<Note[]> {
  return (await jmap.call<{ list: Note[] }>('Filter/explain', { accountId, emailIds: [emailId] })).list;
}

/** What a filter for messages like one looks at. */
export async function traits(emailId: string): Promise<{ from: string; list: string }> {
  const properties = ['from', 'header:List-Id:asText'];
  const { list } = await jmap.call<{ list: { from: { email: string }[] | null; 'header:List-Id:asText': string | null }[] }>('Email/get', { accountId: account(), ids: [emailId], properties });
  return { from: list[0]?.from?.[0]?.email ?? '', list: list[0]?.['header:List-Id:asText'] ?? '' };
}
