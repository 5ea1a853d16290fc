/** How loud a room is, by the person's own push rules (§Push rules). Pure. */
import type { Content } from './types';

export type Loudness = 'all' | 'mentions' | 'none';

interface Rule {
  rule_id: string;
  enabled: boolean;
  actions: unknown[];
}

function silent(account: Record<string, Content>, kind: 'override' | 'room', room: string): boolean {
  const rules = (account['m.push_rules']?.global as Record<string, Rule[]> | undefined)?.[kind] ?? [];
  return rules.some(({ rule_id, enabled, actions }) => rule_id === room && enabled && !actions.includes('notify'));
}

export function loudnessOf(account: Record<string, Content>, room: string): Loudness {
  if (silent(account, 'override', room)) return 'none';
  return silent(account, 'room', room) ? 'mentions' : 'all';
}

export function mutedIn(account: Record<string, Content>, room: string): boolean {
  return loudnessOf(account, room) === 'none';
}
