/** What can be done with spaces: shown at once, through the outbox, taken back by undo. */
import { t, type MessageKey } from '../kernel/i18n.svelte';
import { jmap } from '../kernel/jmap';
import { notices } from '../kernel/notices.svelte';
import { outbox, type Action } from '../kernel/outbox.svelte';
import type { Patch } from '../kernel/patch';
import { myself, principal } from '../kernel/principals';
import { path, router } from '../kernel/router.svelte';
import { SPACES, SpaceType, type Role, type Space } from './types';

const account = () => jmap.primary(SPACES);

function report(key: MessageKey, holes: Record<string, string>, action: Action): void {
  notices.show(t(key, holes), { action: { label: t('ui.undo'), keys: 'Z', run: () => action.undo() } });
}

function change({ id }: Pick<Space, 'id'>, patch: Patch): Action {
  return outbox.update(SpaceType, account(), { [id]: patch });
}

/** Makes a space and opens it. Rejects when the server says no. */
export async function create(name: string, purpose: string, hue: number): Promise<void> {
  const [id] = await outbox.create(SpaceType, account(), { name, purpose, hue }).done;
  router.go(path('spaces', id as string));
}

export function describe(space: Space, name: string, purpose: string, hue: number): void {
  report('spaces.changed', { name }, change(space, { name, purpose, hue }));
}

export function seat(space: Space, id: string, role: Role | null): void {
  const name = principal(id)?.name ?? '';
  report(role ? (space.members[id] ? 'spaces.roleChanged' : 'spaces.joined') : 'spaces.removed', { name }, change(space, { [`members/${id}`]: role }));
}

export function archive(space: Space, on: boolean): void {
  report(on ? 'spaces.wasArchived' : 'spaces.wasUnarchived', { name: space.name }, change(space, { isArchived: on }));
}

export function leave(space: Space): void {
  const action = outbox.update(SpaceType, account(), { [space.id]: { [`members/${myself()}`]: null } }, { hold: 7_500 });
  report('spaces.left', { name: space.name }, action);
  void action.done.then(() => router.go('/spaces')).catch(() => undefined);
}

export function destroy(space: Space): void {
  notices.show(t('spaces.wasDeleted', { name: space.name }), { action: { label: t('spaces.restore'), run: () => restore(space) } });
  outbox.destroy(SpaceType, account(), [space.id], { undoable: false });
}

export function restore(space: Pick<Space, 'id' | 'name'>): void {
  change(space, { deletes: null });
}
