/** Putting a text where it can be pasted from. */
import { t } from './i18n.svelte';
import { notices } from './notices.svelte';

/** Copies a text, and says so. Where the browser does not let it be copied, it is shown, to be taken from there. */
export async function copyText(text: string, said: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    notices.show(said, { stay: 2_500 });
  } catch {
    notices.show(t('ui.notCopied', { text }), { stay: 0 });
  }
}
