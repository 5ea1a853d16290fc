/** The day that a line stands under. */
import { daysAgo, longDay } from '../kernel/format';
import { t } from '../kernel/i18n.svelte';
import { capital } from '../kernel/time/words';

export function dayName(at: number): string {
  const days = daysAgo(new Date(at));
  return capital(days === 0 ? t('ui.today') : days === 1 ? t('ui.yesterday') : longDay(new Date(at).toISOString()));
}
