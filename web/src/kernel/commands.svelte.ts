/**
 * Everything that can be done, in one list: the palette, the keyboard, menus and help read it. Features put
 * commands in; nobody calls another feature's code.
 */
import type { Component } from 'svelte';
import type { MessageKey } from './i18n.svelte';
import { Keys, isField } from './keys';

/** A component whatever its props. */
export type AnyComponent = Component<any>;

export interface Command {
  id: string;
  title: MessageKey | (() => string);
  /** Default keys, as `keys.ts` writes them; the first is the one shown. */
  keys?: string[];
  icon?: AnyComponent;
  /** Heading in the palette and in help. */
  group?: MessageKey;
  run: () => unknown;
  /** Whether it makes sense now; false hides it from the palette and frees its keys. */
  when?: () => boolean;
  /** True keeps it out of the palette (moving the cursor, for example). */
  quiet?: boolean;
}

class Registry {
  private list = $state.raw<Command[]>([]);
  /** People's own keys: command id to keys (Preferences.keymap). */
  keymap = $state.raw<Record<string, string>>({});
  readonly keys = new Keys(() => this.bindings());

  /** Adds commands; returns the way to take them out. A later command hides an earlier one of the same id. */
  add(...commands: Command[]): () => void {
    this.list = [...this.list, ...commands];
    return () => (this.list = this.list.filter((command) => !commands.includes(command)));
  }

  /** What can be done now, newest registration of each id. Reactive. */
  get available(): Command[] {
    const byId = new Map<string, Command>();
    for (const command of this.list) if (command.when?.() ?? true) byId.set(command.id, command);
    return [...byId.values()];
  }

  /** All commands, for the help page. Reactive. */
  get all(): Command[] {
    return [...new Map(this.list.map((command) => [command.id, command])).values()];
  }

  keysOf(command: Command): string[] {
    const own = this.keymap[command.id];
    return (own === undefined ? (command.keys ?? []) : own ? [own] : []).map(normal);
  }

  /** Runs a command by id; false when it is not there or not possible now. */
  run(id: string): boolean {
    const command = this.available.find((candidate) => candidate.id === id);
    void command?.run();
    return !!command;
  }

  private bindings(): { keys: string; run: () => void }[] {
    return this.available.toReversed().flatMap((command) => this.keysOf(command).map((keys) => ({ keys, run: () => void command.run() })));
  }
}

/** Letters as `written` gives them: `Ctrl+j` is `Ctrl+J`. */
function normal(keys: string): string {
  return keys.replace(/(^|[ +])(\p{Ll})(?= |$)/gu, (_all, before: string, letter: string) => before + letter.toUpperCase());
}

export const commands = new Registry();

/** Listens to the window's keys. An open modal dialog keeps all keys but those with Ctrl to itself. */
export function listenToKeys(): () => void {
  const listener = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.isComposing) return;
    const busy = isField(event.target) || !!document.querySelector('dialog:modal, [popover="auto"]:popover-open');
    if (busy && event.key === 'Escape') return; // closes the dialog or leaves the field, by their own listeners
    if (commands.keys.press(event, busy)) event.preventDefault();
  };
  window.addEventListener('keydown', listener);
  return () => window.removeEventListener('keydown', listener);
}
