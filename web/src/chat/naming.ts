/** Naming people while one writes. Pure. */
import { folded } from '../kernel/fold';
import type { Member } from './types';

/** What stands behind the last @ before the cursor, if a name is being written there; null else. */
export function typedName(before: string): string | null {
  return /(?:^|[\s([])@([\p{L}\p{N}.'’-]*(?: [\p{L}\p{N}.'’-]+)?)$/u.exec(before)?.[1] ?? null;
}

/** Those with a word of their name that begins with what was typed, at most six. */
export function matching(members: Member[], typed: string): Member[] {
  const wanted = folded(typed);
  const ranked = members.flatMap((member) => {
    const name = folded(member.name);
    const rank = name.startsWith(wanted) ? 0 : name.split(/[\s-]+/).some((word) => word.startsWith(wanted)) ? 1 : -1;
    return rank < 0 ? [] : [{ member, rank }];
  });
  return ranked.sort((a, b) => a.rank - b.rank || a.member.name.localeCompare(b.member.name)).slice(0, 6).map(({ member }) => member);
}
