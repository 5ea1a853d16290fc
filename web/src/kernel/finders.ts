/** What the palette can find besides commands: features add finders for people, places, messages. */
import type { AnyComponent } from './commands.svelte';

export interface Choice {
  id: string;
  title: string;
  /** In grey behind the title. */
  detail?: string;
  group: string;
  icon?: AnyComponent;
  /** Shows an avatar instead of an icon; the text its hue is made from. */
  person?: string;
  keys?: string;
  run: () => void;
}

/** Answers at once, from what is in memory, with at most about eight choices, best first. */
export type Finder = (typed: string) => Choice[];

const finders: Finder[] = [];

export function addFinder(finder: Finder): void {
  finders.push(finder);
}

export function findEverywhere(typed: string): Choice[] {
  return finders.flatMap((finder) => finder(typed));
}
