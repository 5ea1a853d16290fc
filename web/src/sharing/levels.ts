/** The rights of a share as one of a few levels. Pure. */

export interface Level {
  label: string;
  rights: string[];
}
export type Rights = Record<string, boolean>;

/** The rights that a level gives; every right that any level knows is named. */
export function rightsOf(level: Level, levels: Level[]): Rights {
  const names = new Set(levels.flatMap(({ rights }) => rights));
  return Object.fromEntries([...names].map((name) => [name, level.rights.includes(name)]));
}

/** The level that gives exactly these rights, as far as levels know them; -1 when none does. */
export function levelOf(rights: Rights, levels: Level[]): number {
  const names = new Set(levels.flatMap((level) => level.rights));
  return levels.findIndex((level) => [...names].every((name) => !!rights[name] === level.rights.includes(name)));
}
