import { describe, expect, it, vi } from 'vitest';
import { Span, monthsOf } from '../src/kernel/span.svelte';
import { defineType } from '../src/kernel/store.svelte';
import { kernel, settle } from './kernel';

interface Thing {
  id: string;
  at: string;
  note?: string;
}
const ThingType = defineType<Thing>({ name: 'Thing', follows: true });
const day = (text: string) => Date.parse(`${text}T00:00:00Z`);

/** The fake server knows no times: its queries are answered here. */
async function open(things: Thing[], person?: string) {
  const all = await kernel({ person });
  all.sync.register(ThingType);
  const { fake } = all;
  for (const thing of things) fake.table('Thing').put({ ...thing });
  const inside = (filter: { after: string; before: string }) => [...fake.table('Thing').rows.values()].filter(({ at }) => String(at) >= filter.after && String(at) < filter.before);
  Object.assign(fake, { matching: (_table: unknown, { filter }: { filter: { after: string; before: string } }) => inside(filter).map((row) => row.id) });
  const span = new Span(ThingType, 'A', all.client, all.store, all.db, all.sync);
  return { ...all, span, queries: () => fake.requests.flat().filter(([name]) => name === 'Thing/query').length, held: () => all.store.list(ThingType, 'A').map(({ id }) => id) };
}

describe('Span', () => {
  it('asks for the months that are looked at, each once', async () => {
    expect(monthsOf(day('2026-11-30'), day('2027-01-02'))).toEqual(['2026-11', '2026-12', '2027-01']);
    const { span, queries } = await open([]);
    await span.look(day('2026-12-07'), day('2026-12-14'));
    expect([queries(), span.status]).toEqual([1, 'ready']);
    await span.look(day('2026-12-20'), day('2026-12-28'));
    expect(queries()).toBe(1);
    await span.look(day('2026-12-28'), day('2027-01-04'));
    expect(queries()).toBe(2);
  });
  it('hears of what is made and changed elsewhere, whatever was held, and of properties that are gone', async () => {
    const { span, fake, sync, held, store } = await open([{ id: 'a', at: '2026-12-08', note: 'x' }]);
    await span.look(day('2026-12-07'), day('2026-12-14'));
    fake.table('Thing').put({ id: 'b', at: '2026-12-09' });
    fake.table('Thing').put({ id: 'a', at: '2026-12-10' });
    await sync.bring(ThingType, 'A');
    expect([held().sort(), store.peek(ThingType, 'A', 'a')]).toEqual([['a', 'b'], { id: 'a', at: '2026-12-10' }]);
    fake.table('Thing').drop('a');
    await sync.bring(ThingType, 'A');
    expect(held()).toEqual(['b']);
  });
  it('asks anew when the server cannot tell what changed', async () => {
    const { span, fake, sync, queries, store, held } = await open([{ id: 'a', at: '2026-12-08' }]);
    await span.look(day('2026-12-07'), day('2026-12-14'));
    store.setState(ThingType, 'A', 's999');
    fake.table('Thing').put({ id: 'c', at: '2026-12-12' });
    await sync.bring(ThingType, 'A');
    await settle();
    expect([queries(), held().sort(), span.status]).toEqual([2, ['a', 'c'], 'ready']);
  });
  it('is failed without a network, and comes back with it', async () => {
    const { span, network, sync, store } = await open([{ id: 'a', at: '2026-12-08' }]);
    network(false);
    await span.look(day('2026-12-07'), day('2026-12-14'));
    expect(span.status).toBe('failed');
    network(true);
    store.setState(ThingType, 'A', 's1');
    await sync.bring(ThingType, 'A');
    expect(span.status).toBe('ready');
  });
  it('is there from the device before the server answers', async () => {
    const first = await open([{ id: 'a', at: '2026-12-08' }]);
    await first.span.look(day('2026-12-07'), day('2026-12-14'));
    await first.store.flush();
    const again = await open([], first.person);
    await again.store.wake([ThingType], ['A']);
    again.network(false);
    await again.span.look(day('2026-12-07'), day('2026-12-14'));
    await vi.waitFor(() => expect([again.span.status, again.held()]).toEqual(['ready', ['a']]));
  });
});
