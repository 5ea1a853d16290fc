/** Reads files of events by the server (CalendarEvent/parse), which says where one is wrong. */
import { t } from '../kernel/i18n.svelte';
import { jmap } from '../kernel/jmap';
import type { CalendarEvent } from './types';

export interface Parsed {
  name: string;
  events: Omit<CalendarEvent, 'id' | 'calendarIds'>[];
  /** In words for the person; '' when all is well. */
  fault: string;
}

const LARGEST = 20_000_000;

interface ParseAnswer {
  parsed: Record<string, CalendarEvent[] | CalendarEvent> | null;
  notFound: string[] | null;
  notParsable: string[] | null;
  /** What is wrong with each file that could not be read, as the server words it: with the number of its line. */
  errors?: Record<string, { description?: string; line?: number }> | null;
}

export async function readable(files: File[], accountId: string): Promise<Parsed[]> {
  return Promise.all(files.map((file) => one(file, accountId)));
}

async function one(file: File, accountId: string): Promise<Parsed> {
  if (file.size > LARGEST) return { name: file.name, events: [], fault: t('calendar.tooLarge') };
  try {
    const { blobId } = await jmap.upload(accountId, new Blob([file], { type: 'text/calendar' }));
    return await parse(accountId, blobId, file.name);
  } catch {
    return { name: file.name, events: [], fault: t('calendar.notRead') };
  }
}

/** What a blob holds. */
export async function parse(accountId: string, blobId: string, name: string): Promise<Parsed> {
  const answer = await jmap.call<ParseAnswer>('CalendarEvent/parse', { accountId, blobIds: [blobId] });
  const found = answer.parsed?.[blobId];
  if (!found) {
    const error = answer.errors?.[blobId];
    const fault = error?.line ? t('calendar.faultAtLine', { line: error.line, reason: error.description ?? '' }) : (error?.description ?? t('calendar.notParsed'));
    return { name, events: [], fault };
  }
  return { name, events: Array.isArray(found) ? found : [found], fault: '' };
}
