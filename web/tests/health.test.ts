// @vitest-environment node
import { expect, test } from 'vitest';
import { columns, counted, daily, drawn, summed, worst, type Diagnosis, type DnsRecord, type Finding, type Verdict } from '../src/admin/health/diagnosis';

const record = (what: string, verdict: Verdict): DnsRecord => ({ where: 'a.example', what, verdict, code: '', sentence: '', line: '' });
const finding = (severity: Verdict) => ({ severity }) as Finding;
const diagnosis = (more: Partial<Diagnosis> = {}): Diagnosis => ({
  at: '2026-11-28T22:10:00Z',
  server: [record('PTR', 'good')],
  domains: [{ domain: 'a.example', records: [record('MX', 'good'), record('DKIM', 'good'), record('DKIM', 'fault')] }],
  mail: [],
  reports: { days: [], dmarc: 0, tls: 0, reporters: [], last: null },
  ...more,
});
const days = [
  { domain: 'a.example', day: '2026-11-27', aligned: 90, failed: 0 },
  { domain: 'b.example', day: '2026-11-27', aligned: 10, failed: 5 },
  { domain: 'a.example', day: '2026-10-29', aligned: 1, failed: 0 },
  { domain: 'a.example', day: '2026-10-28', aligned: 7, failed: 7 },
];
const reports = { days, dmarc: 4, tls: 0, reporters: ['google.com'], last: null };

test('a domain counts once, however many of its records are wrong', () => {
  const domain = (verdict: Verdict) => ({ domain: verdict, records: [record('MX', verdict), record('SPF', verdict)] });
  const found = diagnosis({ domains: [domain('fault'), domain('note'), domain('good')], mail: [finding('fault'), finding('note'), finding('good')] });
  expect(counted(found)).toEqual({ fault: 2, note: 2 });
  expect(counted(diagnosis({ domains: [], server: [] }))).toEqual({ fault: 0, note: 0 });
});

test('the worst of several records is shown, in the columns of the server', () => {
  const { domains } = diagnosis();
  expect(columns(domains)).toEqual(['MX', 'DKIM']);
  expect(worst(domains[0]!.records.filter((one) => one.what === 'DKIM'))).toBe('fault');
});

test('days without mail are there, older ones are not', () => {
  const all = daily(diagnosis({ reports }));
  expect([all.length, all[0], all.at(-1)!.day]).toEqual([31, { day: '2026-10-29', aligned: 1, failed: 0 }, '2026-11-28']);
  expect(all.at(-2)).toEqual({ day: '2026-11-27', aligned: 100, failed: 5 });
  expect(daily(diagnosis({ reports }), 'b.example').at(-2)).toEqual({ day: '2026-11-27', aligned: 10, failed: 5 });
});

test('all is said to be proved only when it is', () => {
  const day = (aligned: number, failed: number) => ({ day: '2026-11-27', aligned, failed });
  expect(summed([day(99_999, 1)]).part).toBeLessThan(0.9995);
  expect(summed([day(5, 0)])).toEqual({ total: 5, part: 1, worst: null });
  expect(summed([day(1, 2), day(1, 3), day(1, 3)]).worst).toEqual(day(1, 3));
});

test('whatever there is, is seen, and nothing leaves the picture', () => {
  for (const days of [[[10_000, 1], [1, 0]], [[0, 9]], [[0, 0]], [[3, 300]]]) {
    const { bars, line } = drawn(days.map(([aligned, failed]) => ({ day: '', aligned: aligned!, failed: failed! })), 100, 50);
    bars.forEach((bar, n) => {
      expect([bar.up > 0, bar.down > 0]).toEqual([days[n]![0]! > 0, days[n]![1]! > 0]);
      expect(bar.up).toBeLessThanOrEqual(line);
      expect(line + bar.down).toBeLessThanOrEqual(50);
    });
  }
});
