/** What lies over the chat's screen. */
import type { DiscussRequest } from '../kernel/features';
import type { RoomEvent } from './types';

class ChatUi {
  /** A dialog: a new room, a new conversation, rooms to join, or what one of the open room is set to. */
  dialog = $state<'room' | 'direct' | 'browse' | 'settings' | 'invite' | 'leave' | 'poll' | null>(null);
  /** A message to be passed on. */
  forwarding = $state.raw<{ event: RoomEvent; from: string } | null>(null);
  /** A thing to be talked about in a room that is still to be chosen. */
  discussing = $state.raw<DiscussRequest | null>(null);
  /** A picture that is looked at. */
  picture = $state.raw<{ src: string; name: string } | null>(null);
  /** Grows when the place to write in shall have the focus: in the room, or in the topic. */
  focusRoom = $state(0);
  focusThread = $state(0);
  /** The message whose reactions are chosen. */
  reacting = $state<string | null>(null);
}

export const ui = new ChatUi();
