import { expect, test } from 'vitest';
import { CORE, JmapClient, type Invocation } from '../src/kernel/jmap';

/** A client with what it has asked, request by request. */
function client(limit: number) {
  const requests: Invocation[][] = [];
  const made = new JmapClient(async (_url, init) => {
    const { methodCalls } = JSON.parse(init!.body as string) as { methodCalls: Invocation[] };
    requests.push(methodCalls);
    return Response.json({ methodResponses: methodCalls.map(([name, args, id]) => [name, { said: args }, id]), sessionState: 'x' });
  });
  made.session = { capabilities: { [CORE]: { maxCallsInRequest: limit } }, apiUrl: '/jmap/api', accounts: {}, state: 'x' } as never;
  return { made, requests };
}

test('batches of one tick are one request, each with its own answers and references', async () => {
  const { made, requests } = client(64);
  const batches = ['a', 'b', 'c'].map((account) => {
    const batch = made.batch();
    const query = batch.add('Foo/query', { account });
    return { batch, query, get: batch.add('Foo/get', { '#ids': query.ref('/ids') }) };
  });
  await Promise.all(batches.map(({ batch }) => batch.send()));
  expect(requests.map((calls) => calls.length)).toEqual([6]);
  expect(new Set(requests[0]!.map(([, , id]) => id)).size).toBe(6);
  for (const [n, { query, get }] of batches.entries()) {
    expect(await query.answer).toEqual({ said: { account: 'abc'[n] } });
    expect(await get.answer).toEqual({ said: { '#ids': { resultOf: query.id, name: 'Foo/query', path: '/ids' } } });
  }
  await made.call('Foo/get', {});
  expect(requests.length).toBe(2);
});

test('a request takes as many calls as the server does, and no batch is cut', async () => {
  const { made, requests } = client(5);
  await Promise.all(Array.from({ length: 4 }, () => {
    const batch = made.batch();
    for (let n = 0; n < 2; n++) batch.add('Foo/get', {});
    return batch.send();
  }));
  expect(requests.map((calls) => calls.length)).toEqual([4, 4]);
});
