/** What was written and not saved. */
import { t } from './i18n.svelte';
import { notices } from './notices.svelte';
import { outbox } from './outbox.svelte';

/** Says that what was written is not saved; `back` gives it back, once. It answers false where that cannot be now. */
export function notSaved(back: () => boolean): void {
  let done = false;
  const undo = () => !done && (done = back());
  outbox.remember({ undo });
  notices.show(t('ui.notSaved'), { action: { label: t('ui.undo'), keys: 'Z', run: undo } });
}
