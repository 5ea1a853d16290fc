/** The addresses of the chat's places. */
import { path } from '../kernel/router.svelte';

/** A room, one of its topics, or a message in it. */
export function pathTo(room: string, { thread = '', event = '', side = '' } = {}): string {
  const place = path('chat', room, ...(thread ? ['t', thread] : []));
  const query = new URLSearchParams({ ...(event ? { event } : {}), ...(side ? { side } : {}) }).toString();
  // What looks like a file to the server would not be answered with the page.
  return `${place}${place.split('/').at(-1)!.includes('.') ? '/' : ''}${query ? `?${query}` : ''}`;
}
