/** What Matrix says, as far as this client reads it (Matrix v1.19 Client-Server). */

import type { Lost, Shield } from './crypto/types';

/** The session's capability that says that there is chat. */
export const CHAT = 'urn:parvis:chat';

export type Content = Record<string, unknown>;

export interface RoomEvent {
  event_id: string;
  type: string;
  sender: string;
  origin_server_ts: number;
  content: Content;
  state_key?: string;
  redacts?: string;
  /** It came encrypted: why it is not read, or what is to be said of how it came. */
  sealed?: { lost?: Lost; shield?: Shield };
  unsigned?: { transaction_id?: string; redacted_because?: RoomEvent; prev_content?: Content; 'm.relations'?: Bundle };
}

/** What the server tells of an event beside it (§Aggregations of child events). */
export interface Bundle {
  'm.replace'?: RoomEvent;
  'm.thread'?: { count: number; latest_event: RoomEvent; current_user_participated: boolean };
}

export interface Counts {
  notification_count: number;
  highlight_count: number;
}

/** A joined room in the answer to `/sync`. */
export interface JoinedTold {
  timeline?: { events: RoomEvent[]; limited?: boolean; prev_batch?: string };
  state?: { events: RoomEvent[] };
  ephemeral?: { events: { type: string; content: Content }[] };
  account_data?: { events: { type: string; content: Content }[] };
  summary?: { 'm.heroes'?: string[]; 'm.joined_member_count'?: number; 'm.invited_member_count'?: number };
  unread_notifications?: Counts;
  unread_thread_notifications?: Record<string, Counts>;
}

export interface Synced {
  next_batch: string;
  account_data?: { events: { type: string; content: Content }[] };
  rooms?: {
    join?: Record<string, JoinedTold>;
    invite?: Record<string, { invite_state: { events: RoomEvent[] } }>;
    knock?: Record<string, { knock_state: { events: RoomEvent[] } }>;
    leave?: Record<string, unknown>;
  };
}

export interface Receipt {
  event: string;
  ts: number;
}

/** A room as it is known here; never changed, always replaced. All of it can be kept on the device. */
export interface RoomState {
  id: string;
  membership: 'join' | 'invite' | 'knock';
  /** By type, a line break, and state key. */
  state: Record<string, RoomEvent>;
  /** What was said last, without a gap, the oldest first. */
  timeline: RoomEvent[];
  /** Where older events are had: before which event stands which token, in the order of the timeline; an empty token is the beginning. */
  marks: [event: string, token: string][];
  /** How far people have read: by user, then by thread (`main`, or empty for all of the room). */
  receipts: Record<string, Record<string, Receipt>>;
  typing: string[];
  unread: Counts;
  /** By the root of the thread. */
  threads: Record<string, Counts>;
  tags: Record<string, { order?: number }>;
  fullyRead: string;
  markedUnread: boolean;
  heroes: string[];
  joined: number;
}

/** Something that waits to be sent, in order. */
export interface Pending {
  txn: string;
  /** Its place among all that waits. */
  order: number;
  room: string;
  type: string;
  content: Content;
  /** A file that has to be uploaded first; its address then goes into the content. */
  file?: Blob;
  /** What is taken back, for a redaction. */
  redacts?: string;
  /** Not before this moment, so that it can be undone. */
  after?: number;
  made: number;
  /** `held`: until the person has decided about identities that have changed, or confirmed this device. */
  status: 'waiting' | 'held' | 'failed';
  /** Why it failed, in the server's words; whose identities have changed, by their ids. */
  reason?: string;
  /** Given once the server has it. */
  eventId?: string;
}

export interface PublicRoom {
  room_id: string;
  name?: string;
  topic?: string;
  canonical_alias?: string;
  num_joined_members: number;
  join_rule?: string;
  room_type?: string;
}

export interface Member {
  id: string;
  name: string;
  membership: string;
}
