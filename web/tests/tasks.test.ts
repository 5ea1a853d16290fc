import { describe, expect, it } from 'vitest';
import { parseLocal } from '../src/kernel/time/local';
import { alertsAt, between, columnFor, columnsOf, inOrder, offsetOf, readLine, recordOf, whatOf, whenOf } from '../src/tasks/model';
import type { Task, TaskList } from '../src/tasks/types';
import { repeatOf, REPEATS, ruleFor } from '../src/tasks/words';

const now = parseLocal('2026-12-08T10:00:00'); // a Tuesday
const people = [{ id: 'p1', name: 'Hélène Marchetti' }, { id: 'p2', name: 'Đặng Quốc Khánh' }];

describe('a line of words', () => {
  it('says when, for whom, how urgent and under which labels', () => {
    expect(readLine('Envoyer le rapport vendredi 9h #budget !1 @helene', now, 'fr', people)).toEqual({
      title: 'Envoyer le rapport', due: '2026-12-11T09:00:00', wholeDay: false, rule: null, place: '', labels: ['budget'], assignees: [people[0]], priority: 1,
    });
    expect(readLine('Gửi danh sách ngày mai @khanh', now, 'vi', people)).toMatchObject({ title: 'Gửi danh sách', due: '2026-12-09T00:00:00', wholeDay: true, assignees: [people[1]] });
  });
  it('is a title when nothing in it is understood, and keeps names that nobody has', () => {
    expect(readLine('Ask @nobody about room #12b', now, 'en', people)).toMatchObject({ title: 'Ask @nobody about room', labels: ['12b'], due: null, rule: null, assignees: [] });
    expect(readLine('Relire le compte rendu', now, 'fr', people)).toMatchObject({ title: 'Relire le compte rendu', due: null });
  });
  it('repeats when it says so, and is then due at a first time', () => {
    const line = readLine('water the plants every Monday', now, 'en', []);
    expect(line.rule).toEqual({ frequency: 'weekly', byDay: [{ day: 'mo' }] });
    expect(recordOf(line, 'Europe/Paris')).toMatchObject({ due: '2026-12-14T00:00:00', start: '2026-12-14T00:00:00', showWithoutTime: true, timeZone: null, recurrenceRule: { '@type': 'RecurrenceRule', byDay: [{ '@type': 'NDay', day: 'mo' }] } });
  });
});

describe('when a task is due', () => {
  const of = (due: string | null, showWithoutTime = false) => whenOf({ due, showWithoutTime }, now);
  it('decides its group: what is due on a day is late the day after', () => {
    expect([of('2026-12-08', true), of('2026-12-07', true), of('2026-12-09', true), of('2026-12-13', true), of('2026-12-14', true), of(null)]).toEqual(['today', 'overdue', 'tomorrow', 'week', 'later', 'none']);
    expect([of('2026-12-08T11:00:00'), of('2026-12-07T11:00:00')]).toEqual(['today', 'overdue']);
  });
});

describe('places on a board', () => {
  it('are between any two others', () => {
    let low = '';
    let high = '';
    for (let n = 0; n < 200; n++) {
      const made = between(low, high);
      expect(low === '' || made > low, `${made} > ${low}`).toBe(true);
      expect(high === '' || made < high, `${made} < ${high}`).toBe(true);
      if (n % 3) low = made;
      else high = made;
    }
  });
  it('order the cards of a column, columns as the board has them', () => {
    const card = (id: string, workflowStatus: string, position: string) => ({ id, workflowStatus, position }) as Task;
    expect(inOrder([card('a', 'doing', 'b'), card('b', 'todo', 'z'), card('c', 'todo', 'm'), card('d', 'gone', 'a')], ['todo', 'doing']).map(({ id }) => id)).toEqual(['c', 'b', 'a', 'd']);
  });
  it('a task that is done goes to the column for that, whatever it is called', () => {
    const list = { workflowStatuses: ['idea', 'shipped', 'dropped'], workflowProgress: { idea: 'needs-action', shipped: 'completed', dropped: 'cancelled' } } as unknown as TaskList;
    expect([columnFor(true, list), columnFor(false, list)]).toEqual(['shipped', 'idea']);
    const usual = { workflowStatuses: ['needs-action', 'in-process', 'completed', 'failed', 'cancelled'], workflowProgress: null } as unknown as TaskList;
    expect(columnsOf(usual, (status) => status === 'failed')).toEqual(['needs-action', 'in-process', 'completed', 'failed']);
  });
});

it('the usual ways of repeating are known again', () => {
  for (const repeat of REPEATS) expect(repeatOf(ruleFor(repeat))).toBe(repeat);
  expect(repeatOf({ frequency: 'monthly', byMonthDay: [3] })).toBe('');
});

it('when one is reminded is kept as an alert before the end, and never as none', () => {
  expect(alertsAt('')).toBeNull();
  expect(alertsAt('-PT1H')).toEqual({ reminder: { '@type': 'Alert', trigger: { '@type': 'OffsetTrigger', offset: '-PT1H', relativeTo: 'end' }, action: 'display' } });
  expect(offsetOf(alertsAt('-P1D'))).toBe('-P1D');
  expect(offsetOf(null)).toBe('');
});

it('what somebody did to a task is said by what matters most of it', () => {
  const of = (taskPatch: Record<string, unknown>) => whatOf({ type: 'updated', taskPatch });
  expect([of({ progress: 'completed', due: null }), of({ 'comments/a': {} }), of({ due: '2026-12-24T00:00:00', title: 'x' }), of({ title: 'x' }), of({ progress: null })]).toEqual(['done', 'commented', 'due', 'changed', 'changed']);
  expect(whatOf({ type: 'destroyed', taskPatch: null })).toBe('destroyed');
});
