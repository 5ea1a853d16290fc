/** What our own server found out about who sent a message (RFC 8601), as something a person can act on. Pure, but for the session. */
import { jmap } from '../../kernel/jmap';

/**
 * Why a sender is not to be taken at their word: `failed`, the domain in From says that it did not send this;
 * `unproved`, nothing shows that it did; `passed on`, a list or a forwarder has changed it on its way.
 */
export interface Doubt {
  kind: 'failed' | 'unproved' | 'passedOn';
  /** The domain that the message says it is from. */
  domain: string;
}

interface Result {
  method: string;
  value: string;
  properties: Record<string, string>;
}

/** The name under which our server writes its fields; empty when it writes none. */
export function authservId(accountId: string): string {
  return (jmap.session?.accounts[accountId]?.accountCapabilities['urn:parvis:mail'] as { authservId?: string } | undefined)?.authservId ?? '';
}

/** The results in a field that a server of this name has written; null for another's. */
export function resultsBy(field: string, server: string): Result[] | null {
  const parts = split(field);
  const name = parts.shift()?.[0] ?? '';
  if (!server || name.toLowerCase() !== server.toLowerCase()) return null;
  return parts.filter((words) => words[1] === '=').map(([method = '', , value = '', ...rest]) => {
    const properties: Record<string, string> = {};
    for (let at = 0; at + 2 < rest.length; at += 3) if (rest[at + 1] === '=') properties[rest[at]!.toLowerCase()] = rest[at + 2]!;
    return { method: method.toLowerCase().split('/')[0]!, value: value.toLowerCase(), properties };
  });
}

/** Words between semicolons; `=` is one of its own, quotes are taken off, comments left out (RFC 8601 §2.2). */
function split(text: string): string[][] {
  const parts: string[][] = [[]];
  let depth = 0;
  for (const [token] of text.matchAll(/\\.|"(?:[^"\\]|\\.)*"|[();=]|[^\s"();=\\]+/gs)) {
    if (token === '(') depth += 1;
    else if (token === ')') depth = Math.max(0, depth - 1);
    else if (depth) continue;
    else if (token === ';') parts.push([]);
    else parts.at(-1)!.push(token.startsWith('"') ? token.slice(1, -1).replace(/\\(.)/gs, '$1') : token);
  }
  return parts;
}

/** The doubt there is about a message's sender; null when all is right, or when our server has not looked. */
export function doubtOf(fields: string[], server: string): Doubt | null {
  const results = fields.map((field) => resultsBy(field, server)).find((found) => found !== null);
  const dmarc = results?.filter(({ method }) => method === 'dmarc') ?? [];
  const worst = dmarc.find(({ value }) => value === 'fail') ?? dmarc.find(({ value }) => value !== 'pass');
  if (!results || !worst) return null;
  const domain = worst.properties['header.from'] ?? '';
  if (worst.value === 'fail') return { kind: results.some(({ method, value }) => method === 'arc' && value === 'pass') ? 'passedOn' : 'failed', domain };
  return aligned(results, domain) ? null : { kind: 'unproved', domain };
}

/** Whether the domain in From, which publishes no policy, is shown to be behind the message all the same. */
function aligned(results: Result[], domain: string): boolean {
  const within = (other = '') => !!domain && (other.toLowerCase() === domain.toLowerCase() || domain.toLowerCase().endsWith(`.${other.toLowerCase()}`) && other.includes('.'));
  return results.some(({ method, value, properties }) => {
    if (value !== 'pass') return false;
    if (method === 'dkim') return within(properties['header.d']);
    return method === 'spf' && within(properties['smtp.mailfrom']?.split('@').pop());
  });
}
