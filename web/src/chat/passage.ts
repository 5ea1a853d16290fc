/** Opens a message for search hits and citations, in its room or topic. */
import type { PassageRequest } from '../kernel/features';
import { jmap } from '../kernel/jmap';
import { notices } from '../kernel/notices.svelte';
import { panel } from '../kernel/panel.svelte';
import { router } from '../kernel/router.svelte';
import { t } from '../kernel/i18n.svelte';
import { pathTo } from './places';
import { CHAT } from './types';

interface Located {
  roomId: string;
  eventId: string;
  threadId: string | null;
}

export async function open({ objectId }: PassageRequest): Promise<void> {
  const { list } = await jmap.call<{ list: Located[] }>('RoomEvent/locate', { accountId: jmap.primary(CHAT), ids: [objectId] });
  const [found] = list;
  if (!found) return void notices.show(t('chat.gone'));
  if (matchMedia('(max-width: 1180px)').matches) panel.close(); // it would lie over what is opened
  const thread = found.threadId ?? '';
  const side = router.parts[1] === found.roomId && !thread ? (router.query.get('side') ?? '') : '';
  router.go(pathTo(found.roomId, { thread, event: found.eventId, side }));
}
