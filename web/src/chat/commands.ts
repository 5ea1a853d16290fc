/** What the keyboard and the palette can do in the chat. */
import type { Command } from '../kernel/commands.svelte';
import { fillings, makeTask } from '../kernel/features';
import type { MessageKey } from '../kernel/i18n.svelte';
import { router } from '../kernel/router.svelte';
import type { Act } from './view.svelte';
import { Bookmark, CircleCheck, MessageSquareText, MessagesSquare, Pencil, Reply, Search, SmilePlus, Sparkles, Trash } from '../ui/icons';

/** The room's own code, from the moment it has been opened: commands of a room that nobody is in do nothing. */
let room: { view: typeof import('./view.svelte').view; ui: typeof import('./ui.svelte').ui; markUnread: typeof import('./actions').markUnread } | null = null;

export async function load(): Promise<void> {
  const [{ view }, { ui }, { markUnread }, { sync }] = await Promise.all([import('./view.svelte'), import('./ui.svelte'), import('./actions'), import('./sync.svelte')]);
  room = { view, ui, markUnread };
  await sync.begin();
}

const group: MessageKey = 'chat.title';
const here = () => router.parts[0] === 'chat' && room !== null;
const inRoom = () => here() && room!.view.room?.membership === 'join';
const onOne = () => inRoom() && !!room!.view.cursor;
const act = (what: Act) => () => room!.view.active?.act(what);
const step = (by: number) => () => room!.view.active?.step(by);

export const commands: Command[] = [
  { id: 'chat.new', title: 'chat.newDirect', keys: ['C'], icon: Pencil, group, when: here, run: () => (room!.ui.dialog = 'direct') },
  { id: 'chat.newRoom', title: 'chat.newRoom', icon: MessagesSquare, group, when: here, run: () => (room!.ui.dialog = 'room') },
  { id: 'chat.browse', title: 'chat.browse', icon: Search, group, when: here, run: () => (room!.ui.dialog = 'browse') },
  { id: 'chat.next', title: 'chat.nextRoom', keys: ['Alt+Down'], group, quiet: true, when: here, run: () => room!.view.step(1) },
  { id: 'chat.previous', title: 'chat.previousRoom', keys: ['Alt+Up'], group, quiet: true, when: here, run: () => room!.view.step(-1) },
  { id: 'chat.nextUnread', title: 'chat.nextUnread', keys: ['Alt+Shift+Down', 'N'], group, when: here, run: () => room!.view.step(1, true) },
  { id: 'chat.write', title: 'chat.write', keys: ['I', 'Enter'], group, quiet: true, when: () => inRoom() && !document.activeElement?.closest('a, button, summary, input'), run: () => (room!.view.active === room!.view.pane ? room!.ui.focusRoom++ : room!.ui.focusThread++) },
  { id: 'chat.older', title: 'chat.older', keys: ['K', 'Up'], group, quiet: true, when: () => inRoom() && !!document.activeElement?.closest('[role="log"]'), run: step(-1) },
  { id: 'chat.newer', title: 'chat.newer', keys: ['J', 'Down'], group, quiet: true, when: () => inRoom() && !!document.activeElement?.closest('[role="log"]'), run: step(1) },
  { id: 'chat.end', title: 'chat.toEnd', keys: ['Shift+J', 'End'], group, quiet: true, when: inRoom, run: () => room!.view.active?.toEnd() },
  { id: 'chat.reply', title: 'chat.reply', keys: ['R'], icon: Reply, group, when: onOne, run: act('reply') },
  { id: 'chat.thread', title: 'chat.openThread', keys: ['T'], icon: MessageSquareText, group, when: onOne, run: act('thread') },
  { id: 'chat.react', title: 'chat.react', keys: ['+'], icon: SmilePlus, group, when: onOne, run: act('react') },
  { id: 'chat.edit', title: 'chat.edit', keys: ['E'], icon: Pencil, group, when: inRoom, run: act('edit') },
  { id: 'chat.forward', title: 'chat.forward', keys: ['F'], group, when: onOne, run: act('forward') },
  { id: 'chat.task', title: 'chat.task', keys: ['A'], icon: CircleCheck, group, when: () => onOne() && makeTask.provided, run: act('task') },
  { id: 'chat.delete', title: 'chat.delete', keys: ['#', 'Delete'], icon: Trash, group, when: onOne, run: act('delete') },
  { id: 'chat.topics', title: 'chat.topics', keys: ['Shift+T'], group, when: inRoom, run: () => room!.view.show('topics') },
  { id: 'chat.people', title: 'chat.members', keys: ['Shift+P'], group, when: inRoom, run: () => room!.view.show('people') },
  { id: 'chat.find', title: 'chat.searchIn', keys: ['Ctrl+F'], icon: Search, group, when: inRoom, run: () => room!.view.show('search') },
  { id: 'chat.unread', title: 'chat.markUnread', keys: ['Shift+U'], group, when: inRoom, run: () => room!.markUnread(room!.view.room!) },
  { id: 'chat.save', title: 'chat.save', keys: ['B'], icon: Bookmark, group, when: onOne, run: act('save') },
  { id: 'chat.saved', title: 'chat.saved', icon: Bookmark, group, when: here, run: () => router.go('/chat/saved') },
  { id: 'chat.missed', title: 'chat.missed', keys: ['Shift+M'], icon: Sparkles, group, when: () => inRoom() && fillings('digest').length > 0, run: () => room!.view.show('missed') },
  { id: 'chat.missedAll', title: 'chat.missedAll', keys: ['Alt+Shift+M'], icon: Sparkles, group, when: () => here() && fillings('digest').length > 0, run: () => router.go('/chat/missed') },
  { id: 'chat.close', title: 'chat.closeSide', keys: ['Escape'], group, quiet: true, when: () => here() && !!(room!.view.thread || room!.view.side), run: () => room!.view.closeSide() },
  { id: 'go.chat', title: 'chat.go', keys: ['G C'], icon: MessagesSquare, group: 'shell.go', run: () => router.go('/chat') },
];
