/**
 * Everything a person changes goes through here: shown at once, kept on the device until the server has it,
 * sent with Foo/set (RFC 8620 §5.3), taken back when the server says no, undone by the inverse patch.
 * Patches name single properties, so they are laid over newer server records without `ifInState`.
 */
import { db as deviceDb, type Db } from './db';
import { jmap, JmapError, type Arguments, type Batch, type Call, type JmapClient } from './jmap';
import { invertPatch, joinPatches, type Fields, type Patch } from './patch';
import { store as theStore, type AnyType, type RecordWithId, type Store } from './store.svelte';
import { sync as theSync, type Sync } from './sync';

interface Base {
  seq: number;
  action: string;
  /** Milliseconds since 1970 before which it is not sent: the time in which undo needs no server. */
  notBefore?: number;
}
interface OnRecord extends Base {
  type: string;
  account: string;
  id: string;
}
export type Operation =
  | (OnRecord & { kind: 'update'; patch: Patch; inverse: Patch })
  | (OnRecord & { kind: 'create'; record: Fields })
  | (OnRecord & { kind: 'destroy' })
  | (Base & { kind: 'calls'; calls: [name: string, args: Arguments][] });

interface SetError {
  type: string;
  /** Of `alreadyExists`: what is there. */
  existingId?: string;
  description?: string;
}
interface SetAnswer {
  created?: Record<string, RecordWithId> | null;
  /** What the server changed of a record beyond what was asked. */
  updated?: Record<string, Patch | null> | null;
  notCreated?: Record<string, SetError> | null;
  notUpdated?: Record<string, SetError> | null;
  notDestroyed?: Record<string, SetError> | null;
  [more: string]: unknown;
}

/** One thing a person did, whatever the number of records. */
export class Action {
  /** Settles when the server has taken or refused it; for calls, with their answers in order. */
  readonly done: Promise<unknown[]>;
  state: 'waiting' | 'done' | 'refused' | 'undone' = 'waiting';
  settle!: (answers: unknown[]) => void;
  refuse!: (error: unknown) => void;
  /** What undo has to do for operations that were sent already. */
  readonly inverses: { type: AnyType; account: string; id: string; patch: Patch }[] = [];
  left = 0;
  answers: unknown[] = [];

  constructor(
    readonly id: string,
    private readonly outbox: Outbox,
  ) {
    this.done = new Promise((resolve, reject) => {
      this.settle = resolve;
      this.refuse = reject;
    });
    this.done.catch(() => undefined);
  }

  /** Takes the action back: what was not sent is dropped, what was sent is patched back. False when it is too late. */
  undo(): boolean {
    return this.outbox.undo(this);
  }
}

/** Anything that can be taken back; false when it is too late. */
export interface Undoable {
  undo(): boolean;
}

export interface MutateOptions {
  /** Milliseconds to hold it back, for what cannot be patched back (destroying, sending). */
  hold?: number;
  /** False keeps it out of the undo history (marking read by opening). */
  undoable?: boolean;
}

const RETRY_MS = [2_000, 5_000, 15_000, 60_000];

export class Outbox {
  /** How many operations the server does not have yet. */
  waiting = $state(0);
  /** Told when the server refused something; the patch has already been taken back. */
  onRefused: (error: JmapError, again: () => void) => void = () => undefined;
  private ops: Operation[] = [];
  private flying = new Set<number>();
  private readonly actions = new Map<string, Action>();
  private history: Undoable[] = [];
  private seq = 0;
  private sending: Promise<void> | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private failures = 0;
  private readonly types = new Map<string, AnyType>();

  constructor(
    private readonly client: JmapClient = jmap,
    private readonly store: Store = theStore,
    private readonly db: Db = deviceDb,
    private readonly sync: Sync = theSync,
    private readonly now: () => number = Date.now,
  ) {}

  /** Brings waiting operations back from the device; call after `store.wake`, with all kinds that can wait. */
  async wake(types: AnyType[]): Promise<void> {
    for (const type of types) this.types.set(type.name, type);
    this.ops = await this.db.all<Operation>('outbox');
    this.seq = Math.max(0, ...this.ops.map((op) => op.seq));
    for (const op of this.ops) {
      const type = op.kind === 'calls' ? undefined : this.types.get(op.type);
      if (op.kind === 'create' && type) this.store.merge(type, op.account, [{ ...op.record, id: op.id }], { save: false });
      if (type && op.kind !== 'calls') this.paint(type, op.account, op.id);
    }
    this.count();
    this.plan(0);
  }

  /** Patches records: `changes` maps ids to patches. Records that are not in the store are patched on the server only. */
  update(type: AnyType, account: string, changes: Record<string, Patch>, options: MutateOptions = {}): Action {
    const action = this.begin(options);
    for (const [id, patch] of Object.entries(changes)) {
      const inverse = invertPatch(this.store.entry(type, account, id).value ?? {}, patch);
      this.put(type, { kind: 'update', ...this.base(action, options), type: type.name, account, id, patch, inverse });
      action.inverses.push({ type, account, id, patch: inverse });
      this.paint(type, account, id);
    }
    return this.go(action);
  }

  /** Creates a record, shown at once under the returned temporary id; `done` answers with the real id first. */
  create(type: AnyType, account: string, record: Fields): Action & { temporary: string } {
    const action = this.begin({ undoable: false });
    const id = `new${this.seq + 1}x${this.now().toString(36)}`;
    this.put(type, { kind: 'create', ...this.base(action, {}), type: type.name, account, id, record });
    this.store.merge(type, account, [{ ...record, id }], { save: false });
    return Object.assign(this.go(action), { temporary: id });
  }

  destroy(type: AnyType, account: string, ids: string[], options: MutateOptions = {}): Action {
    const action = this.begin(options);
    for (const id of ids) {
      this.put(type, { kind: 'destroy', ...this.base(action, options), type: type.name, account, id });
      this.paint(type, account, id);
    }
    return this.go(action);
  }

  /**
   * Any calls, kept until the server has them, for what is more than one Foo/set (save a draft, then submit it).
   * Back-references between them work: the nth call has the id `c<n>`. A SetError in an answer refuses the action.
   */
  calls(calls: [name: string, args: Arguments][], options: MutateOptions = {}): Action {
    const action = this.begin({ undoable: false, ...options });
    this.put(null, { kind: 'calls', ...this.base(action, options), calls });
    return this.go(action);
  }

  /** Undoes the latest action that can still be undone. False when there is none. */
  undoLast(): boolean {
    for (let action = this.history.pop(); action; action = this.history.pop()) if (action.undo()) return true;
    return false;
  }

  /** Puts what was done by other means than this outbox among what `undoLast` takes back. */
  remember(done: Undoable): void {
    this.history = [...this.history.slice(-49), done];
  }

  undo(action: Action): boolean {
    if (action.state === 'undone' || action.state === 'refused') return false;
    const unsent = this.ops.filter((op) => op.action === action.id && !this.flying.has(op.seq));
    const sent = action.inverses.filter(({ id }) => !unsent.some((op) => op.kind === 'update' && op.id === id));
    if (!unsent.length && !sent.length) return false;
    this.drop(unsent);
    for (const { type, account, id, patch } of sent) this.update(type, account, { [id]: patch }, { undoable: false });
    action.state = 'undone';
    this.history = this.history.filter((other) => other !== action);
    action.refuse(new JmapError('undone', 'undone'));
    return true;
  }

  /** Sends what waits. Safe to call at any time. */
  flush(): Promise<void> {
    this.sending ??= this.send().finally(() => (this.sending = null));
    return this.sending;
  }

  /** Forgets everything in memory (sign-out). */
  clear(): void {
    clearTimeout(this.timer);
    this.ops = [];
    this.history = [];
    this.actions.clear();
    this.count();
  }

  private begin(options: MutateOptions): Action {
    const action = new Action(`a${this.seq + 1}x${this.now().toString(36)}`, this);
    this.actions.set(action.id, action);
    if (options.undoable !== false) this.remember(action);
    return action;
  }

  private base(action: Action, { hold }: MutateOptions): Base {
    action.left++;
    return { seq: ++this.seq, action: action.id, ...(hold ? { notBefore: this.now() + hold } : {}) };
  }

  private put(type: AnyType | null, op: Operation): void {
    if (type) this.types.set(type.name, type);
    this.ops.push(op);
    void this.db.write([{ store: 'outbox', key: key(op), value: $state.snapshot(op) }]).catch(() => undefined);
  }

  private go(action: Action): Action {
    this.count();
    this.plan(0);
    return action;
  }

  private count(): void {
    this.waiting = this.ops.length;
  }

  private plan(delay: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.flush(), delay);
  }

  /** Shows the sum of what waits for a record. */
  private paint(type: AnyType, account: string, id: string): void {
    const waiting = this.ops.filter((op) => op.kind !== 'calls' && op.type === type.name && op.account === account && op.id === id);
    const patches = waiting.filter((op) => op.kind === 'update').map((op) => op.patch);
    if (waiting.some((op) => op.kind === 'destroy')) patches.push({ mailboxIds: {}, $gone: true });
    this.store.setPatches(type, account, id, patches);
  }

  private drop(ops: Operation[]): void {
    const gone = new Set(ops.map((op) => op.seq));
    this.ops = this.ops.filter((op) => !gone.has(op.seq));
    // In one transaction with the records it led to: a page closed in between must not show what was before.
    for (const op of ops) this.store.save('outbox', key(op), undefined);
    queueMicrotask(() => void this.store.flush());
    for (const op of ops) {
      const type = op.kind === 'calls' ? undefined : this.types.get(op.type);
      if (!type || op.kind === 'calls') continue;
      if (op.kind === 'create') this.store.remove(type, op.account, [op.id]);
      else this.paint(type, op.account, op.id);
    }
    this.count();
  }

  private async send(): Promise<void> {
    for (;;) {
      const now = this.now();
      const ready = this.ops.filter((op) => (op.notBefore ?? 0) <= now).slice(0, this.client.limit('maxObjectsInSet', 256));
      if (!ready.length) break;
      try {
        this.flying = new Set(ready.map((op) => op.seq));
        await this.transmit(ready);
        this.failures = 0;
      } catch {
        this.plan(RETRY_MS[Math.min(this.failures++, RETRY_MS.length - 1)]!);
        return;
      } finally {
        this.flying = new Set();
      }
    }
    const next = Math.min(...this.ops.map((op) => op.notBefore ?? 0));
    if (Number.isFinite(next)) this.plan(Math.max(0, next - this.now()));
  }

  /** One request. Throws when it has to be tried again; refusals are settled here. */
  private async transmit(ready: Operation[]): Promise<void> {
    const first = ready[0]!;
    if (first.kind === 'calls') return this.transmitCalls(first);
    const group = ready.filter((op): op is Exclude<Operation, { kind: 'calls' }> => op.kind !== 'calls');
    const keys = new Map<string, typeof group>();
    for (const op of group) keys.set(`${op.account}/${op.type}`, [...(keys.get(`${op.account}/${op.type}`) ?? []), op]);
    const batch = this.client.batch();
    const sets = [...keys.values()].map((ops) => ({ ops, call: this.setCall(batch, ops) }));
    await batch.send();
    for (const { ops, call } of sets) {
      const type = this.types.get(ops[0]!.type)!;
      try {
        this.settle(type, ops, await call.answer);
      } catch (error) {
        if (!(error instanceof JmapError) || error.passing) throw error;
        for (const op of ops) this.refused(op, error);
      }
      void this.sync.bring(type, ops[0]!.account).catch(() => undefined);
    }
  }

  private setCall(batch: Batch, ops: Exclude<Operation, { kind: 'calls' }>[]): Call<SetAnswer> {
    const create: Record<string, unknown> = {};
    const update: Record<string, Patch> = {};
    const destroy: string[] = [];
    for (const op of ops) {
      if (op.kind === 'create') create[op.id] = op.record;
      else if (op.kind === 'destroy') destroy.push(op.id);
      else {
        const target = op.id in create ? `#${op.id}` : op.id;
        update[target] = update[target] ? joinPatches([update[target], op.patch]) : op.patch;
      }
    }
    const type = this.types.get(ops[0]!.type)!;
    return batch.add<SetAnswer>(`${type.jmap ?? type.name}/set`, {
      accountId: ops[0]!.account,
      ...type.set,
      ...(Object.keys(create).length ? { create } : {}),
      ...(Object.keys(update).length ? { update } : {}),
      ...(destroy.length ? { destroy } : {}),
    });
  }

  private settle(type: AnyType, ops: Exclude<Operation, { kind: 'calls' }>[], answer: SetAnswer): void {
    for (const op of ops) {
      const failed = (answer.notCreated ?? {})[op.id] ?? (answer.notUpdated ?? {})[op.id] ?? (answer.notDestroyed ?? {})[op.id];
      // An answer that was lost: what was to be made is there, what was to go is gone.
      const there = op.kind === 'create' && failed?.type === 'alreadyExists' ? failed.existingId : undefined;
      if (failed && !there && !(op.kind === 'destroy' && failed.type === 'notFound')) {
        this.refused(op, new JmapError(failed.type, failed.description ?? failed.type, { ...failed }));
        continue;
      }
      let real = op.id;
      if (op.kind === 'update') this.store.commit(type, op.account, op.id, { ...op.patch, ...answer.updated?.[op.id] });
      if (op.kind === 'destroy') this.store.remove(type, op.account, [op.id]);
      if (op.kind === 'create') {
        const created = answer.created?.[op.id] ?? (there ? { id: there } : undefined);
        if (created) {
          real = created.id;
          this.store.merge(type, op.account, [{ ...op.record, ...created }]);
          for (const other of this.ops) if (other.kind !== 'calls' && other.id === op.id && other !== op) other.id = real;
        }
      }
      this.drop([op]);
      this.accepted(op, real);
    }
  }

  private async transmitCalls(op: Operation & { kind: 'calls' }): Promise<void> {
    const batch = this.client.batch();
    const calls = op.calls.map(([name, args]) => batch.add<SetAnswer>(name, args));
    await batch.send();
    try {
      const answers = await Promise.all(calls.map((call) => call.answer));
      const failed = answers.flatMap((answer) =>
        Object.values({ ...answer.notCreated, ...answer.notUpdated, ...answer.notDestroyed }),
      )[0];
      if (failed) throw new JmapError(failed.type, failed.description ?? failed.type, { ...failed });
      this.drop([op]);
      const action = this.actions.get(op.action);
      if (action) action.answers = answers;
      this.accepted(op);
    } catch (error) {
      if (!(error instanceof JmapError) || error.passing) throw error;
      this.refused(op, error);
    }
  }

  private accepted(op: Operation, id?: string): void {
    const action = this.actions.get(op.action);
    if (!action || action.state !== 'waiting') return;
    if (id) action.answers.push(id);
    if (--action.left > 0) return;
    action.state = 'done';
    action.settle(action.answers);
  }

  private refused(op: Operation, error: JmapError): void {
    this.drop([op]);
    const action = this.actions.get(op.action);
    if (action?.state === 'waiting') {
      action.state = 'refused';
      action.refuse(error);
    }
    this.onRefused(error, () => {
      const again = { ...op, seq: ++this.seq };
      this.put(null, again);
      if (again.kind !== 'calls') this.paint(this.types.get(again.type)!, again.account, again.id);
      this.count();
      this.plan(0);
    });
  }
}

function key(op: Operation): string {
  return String(op.seq).padStart(12, '0');
}

export const outbox = new Outbox();
