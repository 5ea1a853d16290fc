/** What pages and the worker with the keys tell each other. */
import type { Content, RoomEvent } from '../types';

/** What is to be said of how a message came. */
export type Shield = 'unsigned' | 'unknown' | 'changed' | 'forged';
/** Why a message is not read; `unconfirmed`: its sender gives keys to confirmed devices alone, and this one was none. */
export type Lost = 'key' | 'before' | 'withheld' | 'unconfirmed' | 'broken';

/** The code of what is not sent until a person has decided about who was verified, and is another now. */
export const OTHERS = 'identity';
/** The code of what is not sent until this device is confirmed, since keys are for confirmed devices alone. */
export const UNCONFIRMED = 'unconfirmed';

/** What an encrypted event says, or why that is not known. */
export type Opened = { type: string; content: Content; shield?: Shield } | { lost: Lost };

/** Two devices that make sure of each other, as it is shown. */
export interface Verification {
  flow: string;
  user: string;
  /** The other device, once that is known. */
  device: string;
  /** Between devices of one person. */
  own: boolean;
  /** Begun here. */
  mine: boolean;
  /** Another device of one's own goes on with it. */
  passive: boolean;
  /** Once both are `ready`, one way is taken: signs (`begun`, `compare`), or a code: `scanned` by the other side, `reciprocated` by us. */
  phase: 'asked' | 'waiting' | 'ready' | 'begun' | 'compare' | 'scanned' | 'reciprocated' | 'confirmed' | 'done' | 'ended';
  /** Our code, when the other side can scan it. */
  code?: Uint8Array;
  /** Whether we can scan theirs. */
  scans?: boolean;
  /** Seven signs: their numbers and pictures. */
  emoji?: [number, string][];
  /** Why it has ended, by the code of the protocol. */
  reason?: string;
  byUs?: boolean;
}

/** A device of somebody. */
export interface KnownDevice {
  id: string;
  name: string;
  /** Signed by its owner's identity. */
  confirmed: boolean;
  current: boolean;
}

/** What is known of somebody's identity. */
export interface Person {
  /** Whether there is one. */
  known: boolean;
  /** Whether somebody here has made sure of it. */
  verified: boolean;
  /** It was, and is another one now. */
  violated: boolean;
  /** It is another one than it was first, though nobody had made sure of it. */
  changed: boolean;
  devices: KnownDevice[];
}

/** How this device stands. */
export interface Standing {
  /** Signed with the person's own identity. */
  confirmed: boolean;
  /** Whether it holds that identity, and can sign others with it. */
  holds: boolean;
  /** Whether there is a recovery key. */
  recovery: boolean;
  /** Whether the history is backed up from here. */
  backup: boolean;
}

/** What `/sync` tells a device (§End-to-End Encryption, extensions to /sync). */
export interface ToldDevice {
  to_device?: { events: unknown[] };
  device_lists?: { changed?: string[]; left?: string[] };
  device_one_time_keys_count?: Record<string, number>;
  device_unused_fallback_key_types?: string[];
}

/** A room as the encryption needs it. */
export interface SealedRoom {
  id: string;
  /** Who can read what is said now. */
  members: string[];
  /** Whether only devices get its keys that their owners have confirmed. */
  confirmed: boolean;
  encryption: { algorithm?: string; rotation_period_ms?: number; rotation_period_msgs?: number };
}

export type Sealed = RoomEvent & { type: 'm.room.encrypted' };
