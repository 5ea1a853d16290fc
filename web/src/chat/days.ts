/** The day that a line stands under. */
import { daysAgo, longDay } from '../kernel/format';
import { locale, t } from '../kernel/i18n.svelte';

export function dayName(at: number): string {
  const days = daysAgo(new Date(at));
  const name = days === 0 ? t('ui.today') : days === 1 ? t('ui.yesterday') : longDay(new Date(at).toISOString());
  return name.charAt(0).toLocaleUpperCase(locale()) + name.slice(1);
}
