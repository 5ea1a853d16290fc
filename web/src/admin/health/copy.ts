import { t } from '../../kernel/i18n.svelte';
import { notices } from '../../kernel/notices.svelte';

/** Copies a text and says so. */
export async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    notices.show(t('admin.copied'), { stay: 2_500 });
  } catch {
    notices.show(t('admin.notCopied'), { tone: 'danger' });
  }
}
