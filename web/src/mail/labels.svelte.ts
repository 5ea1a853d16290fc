/** The labels in use: those seen on messages and those just made, kept on this device; their colours on all. */
import { preferences } from '../kernel/preferences.svelte';
import { store } from '../kernel/store.svelte';
import { hueOf } from '../ui/names';
import { isLabel, labelKeyword, labelName } from './model';
import { EmailType } from './types';

export interface Label {
  keyword: string;
  name: string;
  hue: number;
}

const KEPT = 'parvis-labels';

class Labels {
  private keywords = $state.raw<string[]>([]);

  /** All known labels by name, those with a colour chosen on another device too. Reactive. */
  get all(): Label[] {
    const known = new Set([...this.keywords, ...Object.keys(preferences.value.labelHues).filter(isLabel)]);
    return [...known].map(labelOf).sort((a, b) => a.name.localeCompare(b.name));
  }

  start(): void {
    this.keywords = (JSON.parse(localStorage.getItem(KEPT) ?? '[]') as string[]).filter(isLabel);
    store.onChange(({ type, account, ids }) => {
      if (type !== EmailType.name) return;
      for (const id of ids) this.learn(Object.keys(store.entry(EmailType, account, id).server?.keywords ?? {}));
    });
  }

  create(name: string): Label {
    const keyword = labelKeyword(name);
    this.learn([keyword]);
    return labelOf(keyword);
  }

  /** Gives a label a colour, or its first one again. */
  paint(keyword: string, hue: number | null): void {
    const { [keyword]: _before, ...others } = preferences.value.labelHues;
    preferences.set({ labelHues: hue === null ? others : { ...others, [keyword]: hue } });
  }

  /** Takes a label out of the list; a message that has it brings it back. */
  forget(keyword: string): void {
    if (keyword in preferences.value.labelHues) this.paint(keyword, null);
    this.keywords = this.keywords.filter((other) => other !== keyword);
    localStorage.setItem(KEPT, JSON.stringify(this.keywords));
  }

  private learn(keywords: string[]): void {
    const fresh = keywords.filter((keyword) => isLabel(keyword) && !this.keywords.includes(keyword));
    if (!fresh.length) return;
    this.keywords = [...this.keywords, ...fresh];
    localStorage.setItem(KEPT, JSON.stringify(this.keywords));
  }
}

export function labelOf(keyword: string): Label {
  const name = labelName(keyword);
  return { keyword, name, hue: preferences.value.labelHues[keyword] ?? hueOf(name) };
}

export const labels = new Labels();
