/** What is said of what was shared with the person. RFC 9670 §3 */
import { homes, openPassage } from '../kernel/features';
import { t } from '../kernel/i18n.svelte';
import type { NewsWords, Told } from '../kernel/news.svelte';
import { router } from '../kernel/router.svelte';

/** Something was shared with the person, shared in another way, or is shared no more. RFC 9670 §3.1 */
export interface ShareNotification extends Told {
  objectType: string;
  objectAccountId: string;
  objectId: string;
  oldRights: Record<string, boolean> | null;
  newRights: Record<string, boolean> | null;
  name: string;
}

/** Which feature shows what is shared where no passage leads to it. */
const PLACES: Record<string, string> = { Calendar: 'calendar', mail: 'mail' };
const homeOf = (type: string) => homes().find(({ id }) => id === PLACES[type]);

export const words: NewsWords<ShareNotification> = {
  say: ({ changedBy: { name }, oldRights, newRights, name: thing, objectType }) => {
    const home = homeOf(objectType);
    const said = thing || (home ? t(home.title) : objectType);
    return t(!newRights ? 'sharing.news.taken' : oldRights ? 'sharing.news.changed' : 'sharing.news.given', { name, thing: said });
  },
  open: ({ newRights, objectType, objectAccountId, objectId }) => {
    if (!newRights) return undefined;
    const [passage, home] = [openPassage(objectType), homeOf(objectType)];
    if (passage.provided) return () => void passage.open({ kind: objectType, accountId: objectAccountId, objectId, part: '', quote: '', fileName: '' });
    return home && (() => router.go(home.path(objectAccountId)));
  },
};
