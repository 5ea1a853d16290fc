// @vitest-environment node
import { initAsync, Sas, VerificationRequestPhase, type OlmMachine } from '@matrix-org/matrix-sdk-crypto-wasm';
import { expect, test, vi } from 'vitest';
import { Verifying } from '../src/chat/crypto/verifying';

/** Signs that one side has begun with, as far as they are asked: theirs can be accepted, once. */
const signs = (ours: boolean) => Object.assign(Object.create(Sas.prototype) as Sas, {
  weStarted: () => true, accept: vi.fn(() => undefined as unknown).mockReturnValueOnce(ours ? undefined : 'accept'), registerChangesCallback: vi.fn(), emoji: () => undefined,
  isCancelled: () => false, isDone: () => false, haveWeConfirmed: () => false, cancelInfo: () => undefined,
});

test('their beginning with the signs is accepted, once, where this side asked, and where it counts in place of ours', async () => {
  await initAsync();
  let now: Sas | undefined;
  const request = {
    getVerification: () => now, registerChangesCallback: () => undefined, phase: () => VerificationRequestPhase.Transitioned, otherUserId: '@ann:port.example',
    isCancelled: () => false, isDone: () => false, isSelfVerification: () => true, isPassive: () => false, weStarted: () => true,
  };
  const sent: unknown[] = [];
  const verifying = new Verifying({ getVerificationRequest: () => request } as unknown as OlmMachine, () => undefined, async (one) => void sent.push(one), async () => undefined);
  verifying.heard('@ann:port.example', 'flow');
  now = signs(true);
  verifying.changed('flow');
  expect(sent).toEqual([]);
  now = signs(false);
  verifying.changed('flow');
  verifying.changed('flow');
  expect(sent).toEqual(['accept']);
  expect(now.registerChangesCallback).toHaveBeenCalledOnce();
});

test.each([[false, 1], [true, 0]])('who asked begins with the signs after a while, unless the other side has: %s', async (theyBegin, begun) => {
  await initAsync();
  vi.useFakeTimers();
  let phase = VerificationRequestPhase.Ready;
  let started = 0;
  const request = {
    getVerification: () => undefined, registerChangesCallback: () => undefined, phase: () => phase, otherUserId: '@ann:port.example', theirSupportedMethods: [],
    isCancelled: () => false, isDone: () => false, isSelfVerification: () => true, isPassive: () => false, weStarted: () => true, cancelInfo: undefined,
    startSas: async () => void started++,
  };
  const verifying = new Verifying({ getVerificationRequest: () => request } as unknown as OlmMachine, () => undefined, async () => undefined, async () => undefined);
  verifying.heard('@ann:port.example', 'flow');
  verifying.changed('flow');
  await vi.advanceTimersByTimeAsync(1_000);
  expect(started).toBe(0);
  if (theyBegin) phase = VerificationRequestPhase.Transitioned;
  await vi.advanceTimersByTimeAsync(2_000);
  vi.useRealTimers();
  expect(started).toBe(begun);
});

test.each([true, false])('one is sure of the other once the signature is there, or cannot be for now: %s', async (there) => {
  await initAsync();
  const shown: string[] = [];
  let settle = () => undefined as void;
  const kept = new Promise<void>((resolve, reject) => (settle = there ? resolve : () => reject(new Error('offline'))));
  const request = {
    getVerification: () => undefined, registerChangesCallback: () => undefined, phase: () => VerificationRequestPhase.Done, otherUserId: '@ann:port.example',
    isCancelled: () => false, isDone: () => true, isSelfVerification: () => false, isPassive: () => false, weStarted: () => true, cancelInfo: undefined,
  };
  const verifying = new Verifying({ getVerificationRequest: () => request } as unknown as OlmMachine, ({ phase }) => void shown.push(phase), async () => undefined, async () => kept);
  verifying.heard('@ann:port.example', 'flow');
  verifying.changed('flow');
  expect(new Set(shown)).toEqual(new Set(['confirmed']));
  settle();
  await vi.waitFor(() => expect(shown.at(-1)).toBe('done'));
});
