/**
 * The words of the interface. Messages are JSON files, one folder a language and one file a feature; keys are
 * typed; only the language in use is loaded, and of it the words of a feature come with its chunk. A message is a text with `{name}` holes, or an object of plural
 * forms chosen by `count` (Intl.PluralRules); `one` may name a single thing in any language.
 */
import type { later, Messages } from '../../messages/en';

export type Language = 'en' | 'fr' | 'vi';
export type MessageKey = keyof Messages;
export type Holes = Record<string, string | number>;
type Message = string | Partial<Record<Intl.LDMLPluralRule, string>>;
type Words = Record<string, Message>;
/** Features whose words are not in the first load. */
export type Part = keyof typeof later;
interface Pack {
  default: Words;
  later: Record<Part, () => Promise<{ default: Words }>>;
}

export const LANGUAGES: { code: Language; name: string }[] = [
  { code: 'fr', name: 'Français' },
  { code: 'vi', name: 'Tiếng Việt' },
  { code: 'en', name: 'English' },
];

const LOADERS: Record<Language, () => Promise<Pack>> = {
  en: () => import('../../messages/en'),
  fr: () => import('../../messages/fr'),
  vi: () => import('../../messages/vi'),
};

let language = $state<Language>('en');
let messages = $state.raw<Words>({});
/** Parts that were asked for, in whatever language. */
const parts = new Set<Part>();
let plurals = new Intl.PluralRules('en');
let numbers = new Intl.NumberFormat('en');

export function isLanguage(value: unknown): value is Language {
  return value === 'en' || value === 'fr' || value === 'vi';
}

/** The language chosen on this device, else the first of the browser's that we speak, else English. */
export function preferredLanguage(): Language {
  const chosen = localStorage.getItem('parvis-language');
  if (isLanguage(chosen)) return chosen;
  return navigator.languages.map((tag) => tag.slice(0, 2)).find(isLanguage) ?? 'en';
}

export async function setLanguage(next: Language): Promise<void> {
  const pack = await LOADERS[next]();
  useMessages(next, Object.assign({}, pack.default, ...(await load(pack, [...parts]))));
  localStorage.setItem('parvis-language', next);
  document.documentElement.lang = next;
}

function load(pack: Pack, names: Part[]): Promise<Words[]> {
  return Promise.all(names.map(async (name) => (await pack.later[name]()).default));
}

/** A lazy chunk together with the words of its feature. */
export function withWords<T>(part: Part, chunk: () => Promise<T>): () => Promise<T> {
  return async () => {
    const loading = chunk();
    if (!parts.has(part)) {
      const spoken = language;
      const [words] = await load(await LOADERS[spoken](), [part]);
      parts.add(part);
      if (spoken === language) messages = { ...messages, ...words };
      else await setLanguage(language);
    }
    return loading;
  };
}

/** Puts a loaded language in use; apart from setLanguage only tests need it. */
export function useMessages(next: Language, loaded: Words): void {
  messages = loaded;
  plurals = new Intl.PluralRules(next);
  numbers = new Intl.NumberFormat(next);
  language = next;
}

/** The language in use. Reactive. */
export function locale(): Language {
  return language;
}

/** The language in use as the browser's region writes it, for dates: English of Britain is not that of the United States. */
export function region(): string {
  return navigator.languages.find((tag) => tag.split('-')[0] === language) ?? language;
}

/** The text of a key in the language in use. Reactive. */
export function t(key: MessageKey, holes?: Holes): string {
  const message = messages[key];
  if (message === undefined) return key;
  const count = Number(holes?.count ?? 0);
  const text = typeof message === 'string' ? message : ((count === 1 && message.one) || message[plurals.select(count)] || message.other || key);
  return text.replace(/\{(\w+)\}/g, (hole, name: string) => shown(holes?.[name]) ?? hole);
}

function shown(value: string | number | undefined): string | undefined {
  return typeof value === 'number' ? numbers.format(value) : value;
}
