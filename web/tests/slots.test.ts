import { describe, expect, it } from 'vitest';
import { HOUR } from '../src/kernel/time/local';
import { slotsOf, type Calendared } from '../src/calendar/slots';

/** A Tuesday, eight o'clock UTC. */
const NOW = Date.UTC(2026, 11, 8, 8);
const wanted = { from: NOW, to: NOW + 2 * 24 * HOUR, length: HOUR, workdays: [0, 1, 2, 3, 4], workStart: 540, workEnd: 1080 };
const person = (address: string, busy: [number, number][] = [], more: Partial<Calendared> = {}): Calendared => ({ address, optional: false, offset: 0, busy: busy.map(([from, to]) => ({ from: NOW + from * HOUR, to: NOW + to * HOUR })), ...more });
const hours = (slots: { from: number }[]) => slots.map(({ from }) => (from - NOW) / HOUR);

describe('times at which people are free', () => {
  it('are within the working hours of all, the earliest first, none twice', () => {
    expect(hours(slotsOf([person('a', [[1, 3]]), person('b', [[3, 3.5]])], wanted, 3))).toEqual([3.5, 4.5, 5.5]);
  });
  it('leave out who need not come rather than wait for them', () => {
    const [first] = slotsOf([person('a', [[1, 48]], { optional: true }), person('b')], wanted);
    expect(first).toMatchObject({ missing: ['a'], late: [] });
  });
  it('are late for somebody when there is no other way, and say for whom', () => {
    const slots = slotsOf([person('paris', [], { offset: HOUR }), person('hue', [], { offset: 7 * HOUR })], wanted);
    expect(slots[0]).toMatchObject({ from: NOW, late: [] });
    const [none] = slotsOf([person('paris', [[0, 3], [24, 27]], { offset: HOUR }), person('hue', [], { offset: 7 * HOUR })], wanted);
    expect(none!.late).toHaveLength(1);
  });
  it('are none when somebody is never free', () => {
    expect(slotsOf([person('a', [[-10, 90]]), person('b')], wanted)).toEqual([]);
  });
});
