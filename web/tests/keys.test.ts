// @vitest-environment node
import { describe, expect, it } from 'vitest';
import { isSingle, Keys, written, type KeyPress } from '../src/kernel/keys';

const press = (key: string, mods: Partial<KeyPress> = {}): KeyPress => ({ key, ctrlKey: false, metaKey: false, shiftKey: false, altKey: false, ...mods });

function setup() {
  const ran: string[] = [];
  let now = 0;
  const bindings = ['J', 'G M', 'G I', '#', 'Shift+J', 'Ctrl+K', 'Escape'].map((keys) => ({ keys, run: () => void ran.push(keys) }));
  const keys = new Keys(() => bindings, () => now);
  return { keys, ran, wait: (ms: number) => (now += ms) };
}

describe('written', () => {
  it('writes a press as commands name it', () => {
    expect(written(press('j'))).toBe('J');
    expect(written(press('J', { shiftKey: true }))).toBe('Shift+J');
    expect(written(press('#', { shiftKey: true }))).toBe('#');
    expect(written(press('k', { metaKey: true }))).toBe('Ctrl+K');
    expect(written(press('Shift', { shiftKey: true }))).toBe('');
    expect(isSingle('G M')).toBe(true);
    expect(isSingle('Ctrl+K')).toBe(false);
  });
});

describe('Keys', () => {
  it('runs single keys, shifted keys and sequences', () => {
    const { keys, ran } = setup();
    for (const key of [press('j'), press('J', { shiftKey: true }), press('#', { shiftKey: true }), press('g'), press('m')]) keys.press(key, false);
    expect(ran).toEqual(['J', 'Shift+J', '#', 'G M']);
  });
  it('forgets a sequence that was not finished in time', () => {
    const { keys, ran, wait } = setup();
    keys.press(press('g'), false);
    wait(1_500);
    expect(keys.press(press('m'), false)).toBe(false);
    expect(ran).toEqual([]);
  });
  it('runs the key alone when it does not go on with the sequence', () => {
    const { keys, ran } = setup();
    keys.press(press('g'), false);
    keys.press(press('j'), false);
    expect(ran).toEqual(['J']);
  });
  it('never fires single keys in fields, but Ctrl keys and Escape', () => {
    const { keys, ran } = setup();
    for (const key of [press('j'), press('#'), press('k', { ctrlKey: true }), press('Escape')]) keys.press(key, true);
    expect(ran).toEqual(['Ctrl+K', 'Escape']);
  });
  it('fires no single key when they are turned off', () => {
    const { keys, ran } = setup();
    keys.singles = false;
    for (const key of [press('j'), press('g'), press('m'), press('k', { ctrlKey: true })]) keys.press(key, false);
    expect(ran).toEqual(['Ctrl+K']);
  });
});
