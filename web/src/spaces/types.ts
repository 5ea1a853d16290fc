/** Spaces as the server gives them: urn:parvis:spaces. */
import { defineType } from '../kernel/store.svelte';

export const SPACES = 'urn:parvis:spaces';
export type Role = 'manager' | 'member' | 'guest';
export const ROLES: Role[] = ['manager', 'member', 'guest'];

/** A team. Its id is also that of its account, in which its mail, events, files and tasks are. */
export interface Space {
  id: string;
  name: string;
  purpose: string;
  hue: number;
  address: string | null;
  members: Record<string, Role>;
  myRole: Role;
  isArchived: boolean;
  created: string;
  /** When it is erased, for one that was deleted; null restores it. */
  deletes: string | null;
}

export const SpaceType = defineType<Space>({ name: 'Space', whole: true, capability: SPACES });

/** Something that is new in a space: an object of a type with its last change. */
export interface Happening {
  id: string;
  spaceId: string;
  type: string;
  objectId: string;
  change: 'created' | 'updated';
  at: string;
}
