import { region } from '../../kernel/i18n.svelte';

/** Day and month of a date of the server's, whose days are UTC's. */
export function dayMonth(iso: string, month: 'short' | 'long' = 'short'): string {
  return new Intl.DateTimeFormat(region(), { day: 'numeric', month, timeZone: 'UTC' }).format(new Date(iso));
}
