/** What people can be given of a calendar, from the least to the most (JMAP Calendars §4). */
import { t } from '../kernel/i18n.svelte';

export function levels(): { label: string; rights: string[] }[] {
  const read = ['mayReadFreeBusy', 'mayReadItems', 'mayUpdatePrivate', 'mayRSVP'];
  return [
    { label: t('calendar.levelBusy'), rights: ['mayReadFreeBusy'] },
    { label: t('calendar.levelRead'), rights: read },
    { label: t('calendar.levelWrite'), rights: [...read, 'mayWriteOwn', 'mayWriteAll'] },
    { label: t('calendar.levelManage'), rights: [...read, 'mayWriteOwn', 'mayWriteAll', 'mayShare', 'mayDelete'] },
  ];
}
