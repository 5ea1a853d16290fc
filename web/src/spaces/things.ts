/** What is told of things by their type: which properties, how they are named, with which icon. */
import type { AnyComponent } from '../kernel/commands.svelte';
import { Calendar, FileText, ListChecks, Mail, User } from '../ui/icons';

type Fields = Record<string, unknown>;

interface Look {
  icon: AnyComponent;
  properties: string[];
  /** Empty for a thing without a name. */
  name: (thing: Fields) => string;
  /** Who it is from, where the thing says so. */
  by?: (thing: Fields) => string;
  /** What is there by itself, as the trash is, is no news. */
  isPlain?: (thing: Fields) => boolean;
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

function author({ from }: Fields): string {
  const first = Array.isArray(from) ? (from[0] as { name?: string | null; email: string } | undefined) : undefined;
  return first ? first.name || first.email : '';
}

export const LOOKS: Record<string, Look> = {
  Email: { icon: Mail, properties: ['id', 'subject', 'from'], name: ({ subject }) => text(subject), by: author },
  CalendarEvent: { icon: Calendar, properties: ['id', 'title', 'start'], name: ({ title }) => text(title) },
  Task: { icon: ListChecks, properties: ['id', 'title'], name: ({ title }) => text(title) },
  FileNode: { icon: FileText, properties: ['id', 'name', 'role'], name: ({ name }) => text(name), isPlain: ({ role }) => !role },
  ContactCard: { icon: User, properties: ['id', 'name'], name: ({ name }) => text((name as Fields | undefined)?.full) },
};
