/** Files of events: what is in them, and taking them in, each whole or not at all. */
import { t } from '../kernel/i18n.svelte';
import { jmap, JmapError } from '../kernel/jmap';
import { reasonOf } from '../kernel/reasons';
import type { CalendarEvent } from './types';

export interface Read {
  name: string;
  blobId: string;
  /** How many events are in it; null when that is only known once it is taken in. */
  count: number | null;
  /** In words for the person; '' when all is well. */
  fault: string;
}

interface Answer {
  parsed: Record<string, CalendarEvent[]> | null;
  /** Of files that cannot be taken in: what is wrong, and in which line; 0 is all of it. */
  faults: Record<string, { line: number; description: string }> | null;
}

const LARGEST = 30_000_000;

export async function readable(files: File[], accountId: string): Promise<Read[]> {
  return Promise.all(files.map((file) => one(file, accountId)));
}

async function one(file: File, accountId: string): Promise<Read> {
  const read = { name: file.name, blobId: '', count: null, fault: '' };
  if (file.size > LARGEST) return { ...read, fault: t('calendar.tooLarge') };
  try {
    const { blobId } = await jmap.upload(accountId, new Blob([file], { type: 'text/calendar' }));
    const { parsed, faults } = await jmap.call<Answer>('CalendarEvent/parse', { accountId, blobIds: [blobId], faults: true });
    const fault = faults?.[blobId];
    if (fault) return { ...read, fault: fault.line ? t('calendar.faultAtLine', { line: fault.line, reason: fault.description }) : t('calendar.noneInFile') };
    return { ...read, blobId, count: parsed?.[blobId]?.length ?? null };
  } catch {
    return { ...read, fault: t('calendar.notRead') };
  }
}

/** The events of a blob (CalendarEvent/parse); null when it is no file of events, or too large to be looked into. */
export async function parse(accountId: string, blobId: string): Promise<CalendarEvent[] | null> {
  const { parsed } = await jmap.call<Answer>('CalendarEvent/parse', { accountId, blobIds: [blobId] });
  return parsed?.[blobId] ?? null;
}

/** Takes a file in; answers with how many events came and how many were there already. Rejects with what is wrong, in words. */
export async function takeIn(accountId: string, calendarId: string, blobId: string): Promise<{ created: number; skipped: number }> {
  try {
    const { created, skipped } = await jmap.call<{ created: string[]; skipped: number }>('CalendarEvent/import', { accountId, calendarId, blobId });
    return { created: created.length, skipped };
  } catch (error) {
    throw new Error(faultOf(error));
  }
}

function faultOf(error: unknown): string {
  if (!(error instanceof JmapError)) return String(error);
  const { line } = error.detail as { line?: number };
  if (line) return t('calendar.faultAtLine', { line, reason: error.message });
  return error.code === 'requestTooLarge' ? t('calendar.tooLarge') : reasonOf(error);
}
