/**
 * What a person has chosen, the same on all their devices: the JMAP singleton `Preferences`
 * (capability `urn:parvis:preferences`), with a copy on this device for the first paint and while signed out.
 */
import { commands } from './commands.svelte';
import { isLanguage, locale, preferredLanguage, setLanguage, type Language } from './i18n.svelte';
import { jmap } from './jmap';
import { outbox } from './outbox.svelte';
import { defineType, store } from './store.svelte';
import { sync } from './sync';

/** How the calendar is drawn: days count from 0 for Monday, times of day in minutes from midnight. */
export interface Agenda {
  view: 'week' | 'workweek' | 'day' | 'month' | 'agenda';
  weekStart: number;
  workdays: number[];
  workStart: number;
  workEnd: number;
  /** Of a new event, in minutes. */
  length: number;
  /** Time zones shown beside one's own. */
  zones: string[];
}

export interface Preferences {
  id: string;
  language: Language;
  theme: 'auto' | 'light' | 'dark';
  density: 'comfortable' | 'compact';
  /** Single-letter shortcuts on. */
  singleKeys: boolean;
  /** How long sending can be undone. */
  undoSeconds: number;
  remoteImages: 'ask' | 'always' | 'never';
  /** Command id to keys. */
  keymap: Record<string, string>;
  /** The colours of labels: keyword to hue. */
  labelHues: Record<string, number>;
  /** Addresses in this client, in their order: `/mail/inbox`, `/search?q=budget`. */
  favourites: string[];
  /** Account id to whether its inbox is among all inboxes; without a word, the person's own accounts' are. */
  inboxes: Record<string, boolean>;
  /** Oddities of messages that were found to be fine (`mail/read/warnings.ts`). */
  fineWarnings: string[];
  /** Whether pages that are linked to in open rooms are shown in short. */
  linkPreviews: boolean;
  /** Whether what is said in encrypted rooms goes to devices alone that their owners have confirmed. */
  confirmedDevices: boolean;
  /** The hours in which nothing is told, in minutes from midnight; the same twice are none. */
  quietStart: number;
  quietEnd: number;
  /** Whether nothing is told on days that are no workdays. */
  quietDays: boolean;
  agenda: Agenda;
}

export const PREFERENCES = 'urn:parvis:preferences';
export const PreferencesType = defineType<Preferences>({ name: 'Preferences', whole: true, capability: PREFERENCES });

const DEFAULTS: Preferences = {
  id: 'singleton',
  language: 'en',
  theme: 'auto',
  density: 'comfortable',
  singleKeys: true,
  undoSeconds: 10,
  remoteImages: 'ask',
  keymap: {},
  labelHues: {},
  favourites: [],
  inboxes: {},
  fineWarnings: [],
  linkPreviews: true,
  confirmedDevices: false,
  quietStart: 0,
  quietEnd: 0,
  quietDays: false,
  agenda: { view: 'week', weekStart: 0, workdays: [0, 1, 2, 3, 4], workStart: 540, workEnd: 1080, length: 60, zones: [] },
};
const DEVICE = 'parvis-preferences';

function fromDevice(): Partial<Preferences> {
  try {
    return JSON.parse(localStorage.getItem(DEVICE) ?? '{}') as Partial<Preferences>;
  } catch {
    return {};
  }
}

class Own {
  private device = $state.raw<Partial<Preferences>>({});
  private brought: Promise<void> | undefined;

  /** The choices in use: the server's where it has them, this device's else. Reactive. */
  get value(): Preferences {
    const account = jmap.primary(PREFERENCES);
    const server = account ? store.peek(PreferencesType, account, 'singleton') : undefined;
    const given = Object.fromEntries(Object.entries(server ?? {}).filter(([, value]) => value !== null && value !== undefined));
    return { ...DEFAULTS, ...this.device, ...given };
  }

  /** Waits until the choices in use are those that the server has, for what must not go by older ones. Throws JmapError. */
  current(): Promise<void> {
    const account = jmap.primary(PREFERENCES);
    if (!account) return Promise.resolve();
    this.brought ??= sync.bring(PreferencesType, account).catch((error: unknown) => {
      this.brought = undefined;
      throw error;
    });
    return this.brought;
  }

  /** Whether the language was chosen by the person and not by the browser's settings. */
  get chosenLanguage(): boolean {
    return !!(this.device.language ?? store.peek(PreferencesType, jmap.primary(PREFERENCES), 'singleton')?.language);
  }

  /** Changes choices, at once and for good. */
  set(changes: Partial<Omit<Preferences, 'id'>>): void {
    this.device = { ...this.device, ...changes };
    localStorage.setItem(DEVICE, JSON.stringify(this.device));
    if (jmap.has(PREFERENCES)) outbox.update(PreferencesType, jmap.primary(PREFERENCES), { singleton: changes }, { undoable: false });
    this.apply();
  }

  /** Loads this device's copy and puts it in force; needed once, before anything is drawn. */
  async begin(): Promise<void> {
    this.device = fromDevice();
    sync.register(PreferencesType);
    await setLanguage(isLanguage(this.device.language) ? this.device.language : preferredLanguage());
    this.apply();
  }

  /** Puts the choices in force on the page. Call again when the server's arrive. */
  apply(): void {
    const { theme, density, singleKeys, keymap, language } = this.value;
    const root = document.documentElement;
    root.dataset.density = density;
    root.style.colorScheme = theme === 'auto' ? 'light dark' : theme;
    root.dataset.theme = theme;
    commands.keys.singles = singleKeys;
    commands.keymap = keymap ?? {};
    if (this.chosenLanguage && isLanguage(language) && language !== locale()) void setLanguage(language);
  }
}

export const preferences = new Own();
