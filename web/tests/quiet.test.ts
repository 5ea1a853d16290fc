// @vitest-environment node
import { describe, expect, it } from 'vitest';
import { isQuiet } from '../src/kernel/quiet';
import type { Agenda } from '../src/kernel/preferences.svelte';

const agenda = { workdays: [0, 1, 2, 3, 4] } as Agenda;
const at = (text: string, quietStart: number, quietEnd: number, quietDays = false) => isQuiet(new Date(text), { quietStart, quietEnd, quietDays, agenda });

describe('quiet hours', () => {
  it('may go over midnight, and are none when they end as they begin', () => {
    expect(at('2026-11-24T22:00', 1200, 480)).toBe(true);
    expect(at('2026-11-24T07:59', 1200, 480)).toBe(true);
    expect(at('2026-11-24T08:00', 1200, 480)).toBe(false);
    expect(at('2026-11-24T12:30', 720, 780)).toBe(true);
    expect(at('2026-11-24T13:00', 720, 780)).toBe(false);
    expect(at('2026-11-24T00:00', 0, 0)).toBe(false);
  });
  it('are all of the days that are no workdays, where that is wished', () => {
    expect(at('2026-11-28T12:00', 0, 0, true)).toBe(true);
    expect(at('2026-11-27T12:00', 0, 0, true)).toBe(false);
  });
});
