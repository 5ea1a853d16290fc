/**
 * Keyboard: turns key presses into command ids. A key is written `Ctrl+K`, `Shift+J`, `#`, `Escape`; a
 * sequence has spaces: `G M`. `Ctrl` also means Cmd on a Mac. Single letters never fire in fields and can be
 * switched off (WCAG 2.1.4); keys with Ctrl and Escape work everywhere.
 */

export interface KeyPress {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  shiftKey: boolean;
  altKey: boolean;
}

const NAMES: Record<string, string> = { ' ': 'Space', ArrowUp: 'Up', ArrowDown: 'Down', ArrowLeft: 'Left', ArrowRight: 'Right' };
const SEQUENCE_MS = 1_000;

/** The written form of a press, or '' for a modifier on its own. */
export function written(press: KeyPress): string {
  if (['Control', 'Shift', 'Alt', 'Meta', 'Dead', 'AltGraph'].includes(press.key)) return '';
  const letter = /^\p{L}$/u.test(press.key);
  const name = NAMES[press.key] ?? (letter ? press.key.toUpperCase() : press.key);
  const named = letter || press.key.length > 1 || press.key === ' ';
  return [
    press.ctrlKey || press.metaKey ? 'Ctrl' : '',
    press.altKey ? 'Alt' : '',
    press.shiftKey && named ? 'Shift' : '', // the sign of `#` already holds its Shift
    name,
  ].filter(Boolean).join('+');
}

/** True for keys that would get in the way of typing. */
export function isSingle(keys: string): boolean {
  return keys.split(' ').every((key) => !/^(Ctrl|Alt)\+/.test(key)) && !['Escape', 'F1'].includes(keys);
}

/** True when the event's target takes typed text. */
export function isField(target: EventTarget | null): boolean {
  if (typeof Element === 'undefined' || !(target instanceof Element)) return false;
  const field = target.closest('input, textarea, select, [contenteditable=""], [contenteditable="true"], [role="textbox"]');
  return !!field && !(field instanceof HTMLInputElement && ['checkbox', 'radio', 'button'].includes(field.type));
}

export class Keys {
  /** Single letters off (Preferences.singleKeys). */
  singles = true;
  private prefix = '';
  private at = 0;

  constructor(
    /** The commands' keys: pairs of written keys and what to do; asked anew for each press. */
    private readonly bindings: () => { keys: string; run: () => void }[],
    private readonly now: () => number = Date.now,
  ) {}

  /** Runs what is bound to a press; true when something was, or when a sequence has begun. */
  press(event: KeyPress, inField: boolean): boolean {
    const key = written(event);
    if (!key) return false;
    const sequence = this.prefix && this.now() - this.at < SEQUENCE_MS ? `${this.prefix} ${key}` : key;
    this.prefix = '';
    const usable = this.bindings().filter(({ keys }) => !isSingle(keys) || (this.singles && !inField));
    const found = usable.find(({ keys }) => keys === sequence) ?? (sequence !== key ? usable.find(({ keys }) => keys === key) : undefined);
    if (found) {
      found.run();
      return true;
    }
    if (usable.some(({ keys }) => keys.startsWith(`${sequence} `))) {
      this.prefix = sequence;
      this.at = this.now();
      return true;
    }
    return false;
  }
}
