/** Spaces as pure functions. */
import { ROLES, type Role, type Space } from './types';

/** Those that are in use, by name; then those in the archive; then those that were deleted. */
export function inOrder(spaces: Space[], language: string): Space[] {
  const place = ({ isArchived, deletes }: Space) => (deletes ? 2 : isArchived ? 1 : 0);
  const collator = new Intl.Collator(language, { sensitivity: 'base' });
  return [...spaces].sort((a, b) => place(a) - place(b) || collator.compare(a.name, b.name));
}

/** The members by role, managers first, as (id, role). */
export function membersInOrder({ members }: Pick<Space, 'members'>): [string, Role][] {
  return Object.entries(members).sort(([a, x], [b, y]) => ROLES.indexOf(x) - ROLES.indexOf(y) || a.localeCompare(b));
}

/** Whether somebody is the only manager: then they stay. */
export function isLastManager({ members }: Pick<Space, 'members'>, id: string): boolean {
  return members[id] === 'manager' && Object.values(members).filter((role) => role === 'manager').length === 1;
}

/** Two letters at most for the badge: of the first two words. */
export function initials(name: string): string {
  const words = name.match(/[\p{L}\p{N}]+/gu) ?? [];
  return words.slice(0, 2).map((word) => [...word][0]!.toLocaleUpperCase()).join('');
}

/** A list cut where the group changes, each group with its name. */
export function inGroups<T>(list: T[], groupOf: (one: T) => string): [string, T[]][] {
  const groups: [string, T[]][] = [];
  for (const one of list) {
    const name = groupOf(one);
    const last = groups.at(-1);
    if (last?.[0] === name) last[1].push(one);
    else groups.push([name, [one]]);
  }
  return groups;
}
