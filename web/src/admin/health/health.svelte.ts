/** The last look at mail. It is kept while the person is elsewhere: looking takes as long as DNS does. */
import { locale, t } from '../../kernel/i18n.svelte';
import { jmap } from '../../kernel/jmap';
import { notices } from '../../kernel/notices.svelte';
import { reasonOf } from '../../kernel/reasons';
import { router } from '../../kernel/router.svelte';
import type { Diagnosis } from './diagnosis';

const DELIVERABILITY = 'urn:parvis:deliverability';

class Health {
  found = $state.raw<Diagnosis | null>(null);
  /** When the look that is under way began, in milliseconds; 0 when there is none. */
  began = $state(0);
  /** Why the last look failed, or ''. */
  fault = $state('');
  private language = '';

  /** Looks, unless something has been found in the language in use. */
  open(): void {
    if (!this.began && (!this.found || this.language !== locale())) void this.look();
  }

  async look(): Promise<void> {
    if (this.began) return;
    this.began = Date.now();
    this.fault = '';
    const language = locale();
    const batch = jmap.batch(); // of its own: nothing else waits for DNS
    const call = batch.add<Diagnosis>('MailDoctor/get', { accountId: jmap.primary(DELIVERABILITY), language });
    await batch.send().catch(() => undefined);
    try {
      this.found = await call.answer;
      this.language = language;
    } catch (error) {
      this.fault = reasonOf(error);
    }
    this.began = 0;
    const here = router.parts[0] === 'admin' && (router.parts[1] ?? 'health') === 'health';
    if (!here) notices.show(t('admin.looked'), { action: { label: t('admin.show'), run: () => router.go('/admin/health') } });
  }
}

export const health = new Health();
