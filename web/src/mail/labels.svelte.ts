/** The labels in use: those seen on messages and those just made, kept on this device. */
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

  /** All known labels by name. Reactive. */
  get all(): Label[] {
    return this.keywords.map(labelOf).sort((a, b) => a.name.localeCompare(b.name));
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

  forget(keyword: string): void {
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
  return { keyword, name, hue: hueOf(name) };
}

export const labels = new Labels();
